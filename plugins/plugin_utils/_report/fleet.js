// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
// Sorting, searching, filtering, pages and copying of fleet.html, which is a plain table without it.
// It never turns text into markup.
(function () {
  "use strict";
  document.documentElement.classList.add("js");

  function element(name, properties, text) {
    const made = Object.assign(document.createElement(name), properties);
    made.textContent = text || "";
    return made;
  }

  // Wraps the content of an element in a button.
  function buttonIn(place, properties) {
    const button = element("button", Object.assign({ type: "button" }, properties));
    button.append(...place.childNodes);
    place.replaceChildren(button);
    return button;
  }

  document.addEventListener("DOMContentLoaded", function () {
    const table = document.querySelector("table.boards");
    const form = document.querySelector("form.tools");
    const shown = document.querySelector(".shown");
    const noneShown = document.querySelector(".none-shown");
    const fields = form.elements;
    const pages = document.querySelector(".pages");
    const size = pages.querySelector("select");
    const [previous, next] = pages.querySelectorAll("button");
    const facets = ["status", "verdict", "kernel", "driver", "soc"];
    let page = 0;
    const boards = Array.from(table.tBodies, function (body) {
      return { body: body, row: body.rows[0], detail: body.rows[1], text: null };
    });

    // -- details ----------------------------------------------
    boards.forEach(function (board, number) {
      board.detail.id = "detail-" + number;
      board.detail.querySelector("details").open = false;
      const button = buttonIn(board.row.querySelector(".name"), { className: "open" });
      button.setAttribute("aria-expanded", "false");
      button.setAttribute("aria-controls", board.detail.id);
      button.addEventListener("click", function () {
        const open = button.getAttribute("aria-expanded") !== "true";
        button.setAttribute("aria-expanded", String(open));
        board.body.classList.toggle("expanded", open);
        board.detail.querySelector("details").open = open;
      });
    });
    document.getElementById("boards-note").textContent = "(a board's name opens its details, a column's name sorts)";

    // -- sorting ----------------------------------------------
    const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
    const heads = Array.from(table.tHead.rows[0].cells);

    function key(board, column) {
      const cell = board.row.cells[column];
      if (cell.dataset.sort !== undefined) {
        return cell.dataset.sort === "" ? "" : Number(cell.dataset.sort);
      }
      const text = column === 0 ? cell.querySelector(".name").textContent : cell.textContent;
      return text === "\u2013" ? "" : text;
    }

    function sort(column, descending) {
      boards.forEach(function (board) { board.key = key(board, column); board.name = key(board, 0); });
      boards.sort(function (a, b) {
        // Missing values come last in both directions.
        if ((a.key === "") !== (b.key === "")) {
          return a.key === "" ? 1 : -1;
        }
        const numbers = typeof a.key === "number" && typeof b.key === "number";
        const order = numbers ? a.key - b.key : collator.compare(a.key, b.key);
        return (descending ? -1 : 1) * order || collator.compare(a.name, b.name);
      });
      const rest = document.createDocumentFragment();
      boards.forEach(function (board) { rest.append(board.body); });
      table.append(rest);
      heads.forEach(function (head, number) {
        if (number === column) {
          head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        } else {
          head.removeAttribute("aria-sort");
        }
      });
    }

    heads.forEach(function (head, column) {
      buttonIn(head, { className: "sort" }).addEventListener("click", function () {
        sort(column, head.getAttribute("aria-sort") === "ascending");
        filter();
      });
    });
    // As the page comes: boards that need attention first.
    heads[1].setAttribute("aria-sort", "ascending");

    // -- searching, filtering and pages ----------------------------------------------
    function fits(board, words) {
      if (words.length && board.text === null) {
        board.text = board.body.textContent.toLowerCase();
      }
      return facets.every(function (name) {
        return fields[name].value === "" || fields[name].value === board.body.dataset[name];
      }) && words.every(function (word) { return board.text.includes(word); });
    }

    function filter() {
      page = 0;
      apply();
    }

    function apply() {
      const words = fields.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = boards.filter(function (board) { return fits(board, words); });
      const most = Number(size.value) || Math.max(found.length, 1);
      const last = Math.max(Math.ceil(found.length / most) - 1, 0);
      page = Math.min(page, last);
      const start = page * most, visible = new Set(found.slice(start, start + most));
      boards.forEach(function (board) { board.body.hidden = !visible.has(board); });
      tell(found.length, start, visible.size);
      pages.querySelector(".place").textContent = "Page " + (page + 1) + " of " + (last + 1);
      pages.hidden = found.length <= Number(size.options[0].value);
      // Not `disabled`: the button keeps the focus of the keyboard.
      previous.setAttribute("aria-disabled", String(page === 0));
      next.setAttribute("aria-disabled", String(page === last));
      noneShown.hidden = found.length > 0 || boards.length === 0;
      table.hidden = found.length === 0;
      press();
    }

    function tell(found, start, count) {
      const all = boards.length + (boards.length === 1 ? " board" : " boards");
      if (count < found) {
        const some = "Showing " + (start + 1) + " to " + (start + count) + " of ";
        shown.textContent = some + (found === boards.length ? all : found + " that match, of " + all);
      } else {
        shown.textContent = found === boards.length ? "Showing all " + all : "Showing " + found + " of " + all;
      }
    }

    // Shows which totals, cells and groups the filters are those of.
    function press() {
      tiles.concat(cells, groups, strips).forEach(function (each) {
        const names = Object.keys(each.values);
        const pressed = names.every(function (name) { return fields[name].value === each.values[name]; });
        each.button.setAttribute("aria-pressed", String(pressed));
      });
    }

    function turn(to) {
      return function (event) {
        if (event.target.getAttribute("aria-disabled") !== "true") {
          page += to;
          apply();
          document.getElementById("boards").scrollIntoView();
        }
      };
    }

    previous.addEventListener("click", turn(-1));
    next.addEventListener("click", turn(1));
    size.value = window.matchMedia("(max-width: 760px)").matches ? "20" : "50";
    size.addEventListener("input", filter);
    // On paper there are no pages to turn.
    window.addEventListener("beforeprint", function () { pages.dataset.size = size.value; size.value = ""; apply(); });
    window.addEventListener("afterprint", function () { size.value = pages.dataset.size; apply(); });

    // A button that sets filters, and clears them again.
    function filtering(place, values, properties, target) {
      const each = { values: values, button: buttonIn(place, properties) };
      each.button.addEventListener("click", function () {
        const pressed = each.button.getAttribute("aria-pressed") === "true";
        if ("status" in values) {
          fields.verdict.value = "";
        }
        Object.keys(values).forEach(function (name) { fields[name].value = pressed ? "" : values[name]; });
        filter();
        if (target && !pressed) {
          target.scrollIntoView();
        }
      });
      return each;
    }

    const boardsPlace = document.getElementById("boards");
    const tiles = Array.from(document.querySelectorAll(".tile"), function (place) {
      return filtering(place, { status: place.dataset.status }, {});
    });
    const cells = Array.from(document.querySelectorAll(".matrix td[data-kernel]"), function (place) {
      return filtering(place, { kernel: place.dataset.kernel, driver: place.dataset.driver }, {});
    });
    const groups = Array.from(document.querySelectorAll(".group"), function (place) {
      const values = { status: place.dataset.status, verdict: place.dataset.verdict };
      return filtering(place.querySelector(".show"), values, { className: "plain" }, boardsPlace);
    });
    const strips = Array.from(document.querySelectorAll(".strip"), function (place) {
      return filtering(place.querySelector(".soc"), { soc: place.dataset.soc }, { className: "plain" }, boardsPlace);
    });

    // -- copying ----------------------------------------------
    const copied = document.querySelector(".copied");

    // Works where a page from a plain web server may not use the clipboard.
    function copySelected(code) {
      window.getSelection().selectAllChildren(code);
      return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("not allowed"));
    }

    document.querySelectorAll(".command").forEach(function (place) {
      const code = place.querySelector("code");
      const button = element("button", { type: "button", className: "copy" }, "Copy");
      const verdict = place.parentElement.querySelector(".verdict").textContent;
      button.setAttribute("aria-label", "Copy the command for " + verdict);
      function done(good) {
        button.textContent = good ? "Copied" : "Not copied";
        copied.textContent = good ? "The command is copied." : "The command could not be copied: select it.";
        setTimeout(function () { button.textContent = "Copy"; }, 2000);
      }
      button.addEventListener("click", function () {
        const clipboard = navigator.clipboard;
        const written = clipboard ? clipboard.writeText(code.textContent) : Promise.reject(new Error("not available"));
        written.catch(function () { return copySelected(code); })
          .then(function () { done(true); }, function () { done(false); });
      });
      place.append(button);
    });

    form.addEventListener("input", filter);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    // The fields are reset only after this event.
    form.addEventListener("reset", function () { setTimeout(filter, 0); });
    noneShown.querySelector("button").addEventListener("click", function () {
      form.reset();
      fields.search.focus();
    });
    form.hidden = false;
    apply();
  });
})();
