// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
// Sorting, searching and filtering of fleet.html, which is a plain table without it. It never turns text into markup.
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
    const facets = ["status", "kernel", "driver", "soc"];
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
      });
    });
    heads[0].setAttribute("aria-sort", "ascending");

    // -- searching and filtering ----------------------------------------------
    function apply() {
      const words = fields.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      boards.forEach(function (board) {
        if (words.length && board.text === null) {
          board.text = board.body.textContent.toLowerCase();
        }
        const fits = facets.every(function (name) {
          return fields[name].value === "" || fields[name].value === board.body.dataset[name];
        }) && words.every(function (word) { return board.text.includes(word); });
        board.body.hidden = !fits;
        count += fits ? 1 : 0;
      });
      const all = boards.length + (boards.length === 1 ? " board" : " boards");
      shown.textContent = count === boards.length ? "Showing all " + all : "Showing " + count + " of " + all;
      noneShown.hidden = count > 0 || boards.length === 0;
      table.hidden = count === 0;
      tiles.forEach(function (tile) {
        tile.button.setAttribute("aria-pressed", String(fields.status.value === tile.status));
      });
      cells.forEach(function (cell) {
        const pressed = fields.kernel.value === cell.kernel && fields.driver.value === cell.driver;
        cell.button.setAttribute("aria-pressed", String(pressed));
      });
    }

    const tiles = Array.from(document.querySelectorAll(".tile"), function (place) {
      const tile = { status: place.dataset.status, button: buttonIn(place, {}) };
      tile.button.addEventListener("click", function () {
        fields.status.value = fields.status.value === tile.status ? "" : tile.status;
        apply();
      });
      return tile;
    });

    const cells = Array.from(document.querySelectorAll(".matrix td[data-kernel]"), function (place) {
      const cell = { kernel: place.dataset.kernel, driver: place.dataset.driver, button: buttonIn(place, {}) };
      cell.button.addEventListener("click", function () {
        const pressed = cell.button.getAttribute("aria-pressed") === "true";
        fields.kernel.value = pressed ? "" : cell.kernel;
        fields.driver.value = pressed ? "" : cell.driver;
        apply();
      });
      return cell;
    });

    form.addEventListener("input", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    // The fields are reset only after this event.
    form.addEventListener("reset", function () { setTimeout(apply, 0); });
    noneShown.querySelector("button").addEventListener("click", function () {
      form.reset();
      fields.search.focus();
    });
    form.hidden = false;
    apply();
  });
})();
