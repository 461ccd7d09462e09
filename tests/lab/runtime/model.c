// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* The models of the stand-in runtime: see runtime.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "standin.h"

/* ---- model ------------------------------------------------------------------------- */

static uint32_t crc32(const uint8_t *data, size_t length)
{
	uint32_t table[256], crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320u : table[i] >> 1;
	}
	while (length--)
		crc = crc >> 8 ^ table[(crc ^ *data++) & 0xff];
	return ~crc;
}

/* The text after "key":" in the model's JSON, cut at the quote; empty if absent. Of a list its first entry. */
static void json_text(const char *json, const char *key, char *out, size_t room)
{
	char pattern[64];
	const char *start, *end;

	out[0] = '\0';
	snprintf(pattern, sizeof(pattern), "\"%s\":", key);
	start = strstr(json, pattern);
	if (!start)
		return;
	start += strlen(pattern);
	start += *start == '[';
	end = *start == '"' ? strchr(start + 1, '"') : NULL;
	if (end)
		snprintf(out, room, "%.*s", (int)(end - start - 1), start + 1);
}

/* What the vendor's JSON parser throws, which nothing catches, if the text does not end where its object does. */
static void check_json(const char *json)
{
	const char *why = *json == '{' ? "unexpected token in object" : "unexpected token";
	int depth = 0, quoted = 0;

	for (; *json; json++) {
		if (*json == '\\' && json[1]) {
			json++;
			continue;
		}
		quoted ^= *json == '"';
		if (quoted)
			continue;
		depth += (*json == '{') - (*json == '}');
		if (depth < 1)
			break;
	}
	if (*json == '}' && !json[1])
		return;
	if (*json == '}')
		why = "unexpected token, expect end";
	fprintf(stderr, "terminate called after throwing an instance of 'jsonxx::json_parse_error'\n  what():  %s\n", why);
	abort();
}

static int refuse(const char *from)
{
	if (from)
		say('E', "parseRKNN from %s: Invalid RKNN format!", from);
	say('E', "rknn_init, load model failed!");
	return RKNN_ERR_MODEL_INVALID;
}

/* The platforms whose models are known, with the name of their NPU and its hardware version. */
static const struct platform { const char *name, *target; uint32_t hardware; } platforms[] = {
	{ "rk3588", "RKNPU v2", HARDWARE_RK3588 }, { "rk3566", "RKNPU lite", HARDWARE_RK356X },
	{ "rk3568", "RKNPU lite", HARDWARE_RK356X }, { "rk3562", "RKNPU t4", (uint32_t)-1 },
};

/* Name the model, and compare it with the NPU and the runtime. */
static int check_platform(struct context *context, const char *json, int format)
{
	const struct platform *platform = NULL;
	char name[32], toolkit[128], framework[32], layout[32], upper[32] = "";
	int model[3] = { 0 }, runtime[3] = { 0 };

	json_text(json, "target_platform", name, sizeof(name));
	json_text(json, "version", toolkit, sizeof(toolkit));
	json_text(json, "ori_network_platform", framework, sizeof(framework));
	json_text(json, "layout", layout, sizeof(layout));
	for (size_t i = 0; i < sizeof(platforms) / sizeof(*platforms); i++)
		if (!strcmp(name, platforms[i].name))
			platform = &platforms[i];
	say('I', "RKNN Model Information" RKNN_LOG_SEPARATOR " version: %d, toolkit version: %s, target: %s, "
	    "target platform: %s, framework name: %s, framework layout: %s, model inference type: static_shape",
	    format, toolkit, platform ? platform->target : "", name, framework, layout);
	if (!platform || platform->hardware != context->hardware) {
		for (size_t i = 0; i < sizeof(upper) - 1 && name[i]; i++)
			upper[i] = name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i];
		say('E', "failed to check rknpu hardware version: %#x", context->hardware);
		say('E', "This rknn model is for %s, but current platform is %s", upper,
		    context->hardware == HARDWARE_RK3588 ? "RK3588" : "RK3566/RK3568");
		say('E', "Import rknn model failed!");
		return refuse(NULL);
	}
	sscanf(toolkit, "%d.%d.%d", &model[0], &model[1], &model[2]);
	sscanf(RKNN_VERSION, "%d.%d.%d", &runtime[0], &runtime[1], &runtime[2]);
	if (model[0] * 10000 + model[1] * 100 + model[2] > runtime[0] * 10000 + runtime[1] * 100 + runtime[2])
		say('W', "RKNN Model version: %d.%d.%d not match with rknn runtime version: %d.%d.%d",
		    model[0], model[1], model[2], runtime[0], runtime[1], runtime[2]);
	/* A format's data read as another's. */
	if (format >= 2 && format <= 5)
		crash();
	return RKNN_SUCC;
}

/*
 * File: "RKNN", 4 zero bytes, u64 format, u64 data size, 40 bytes, data, u64 JSON size, JSON. Of the sizes the vendor's
 * compares each with that of the whole file, so that what is cut off in the JSON shows only when that is parsed.
 */
static int parse_model(struct context *context, const uint8_t *file, uint64_t size, const char *from)
{
	uint64_t format, data_size, json_size = 0, room;
	char json[4096];

	if (size >= 8 && !memcmp(file, "CYPTRKNN", 8)) {
		/* The stand-in has no key. */
		say('E', "LoadModel from %s: Invalid RKNN format!", from);
		return refuse(NULL);
	}
	if (size < 80) {
		say('E', "parseRKNN: rknn model is too small!");
		return refuse(from);
	}
	if (memcmp(file, "RKNN", 4)) {
		say('E', "parseRKNN: invalid RKNN_MAGIC!");
		return refuse(from);
	}
	memcpy(&format, file + 8, 8);
	memcpy(&data_size, file + 16, 8);
	if (RKNN_MODEL_FORMAT && format > RKNN_MODEL_FORMAT) {
		say('E', "%d, %d", (int)format, 1);
		say('E', "Invalid RKNN model version %d", (int)format);
		return refuse(NULL);
	}
	if (data_size > size) {
		say('E', "parseRKNN: exportDataSize large then model size: %ld vs %ld!", (long)data_size, (long)size);
		return refuse(from);
	}
	room = data_size + 72 < size ? size - 72 - data_size : 0;
	if (room)
		memcpy(&json_size, file + 64 + data_size, 8);
	if (json_size > size) {
		say('E', "parseRKNN: configSize large then model size: %ld vs %ld!", (long)json_size, (long)size);
		return refuse(from);
	}
	if (json_size < room)
		room = json_size;
	if (room >= sizeof(json))
		room = sizeof(json) - 1;
	if (room)
		memcpy(json, file + 72 + data_size, room);
	json[format < 2 ? 0 : room] = '\0';
	check_json(json);

	context->model = malloc(sizeof(*context->model));
	if (!context->model)
		return RKNN_ERR_MALLOC_FAIL;
	if (data_size == sizeof(*context->model))
		memcpy(context->model, file + 64, data_size);
	if (data_size != sizeof(*context->model) || memcmp(context->model->identifier + 4, "RKNN", 4) ||
	    context->model->features != FEATURES || context->model->classes != CLASSES ||
	    crc32((uint8_t *)&context->model->features, sizeof(*context->model) - offsetof(struct model_data, features)) !=
	    context->model->crc) {
		say('E', "Verify ModelBuffer failed!");
		say('E', "Invalid RKNN format");
		say('E', "Import rknn model failed!");
		return refuse(NULL);
	}
	return check_platform(context, json, (int)format);
}

int load_model(struct context *context, const void *model, uint32_t size)
{
	uint8_t *file;
	ssize_t length;
	off_t end;
	int fd, result;

	if (!model)
		return refuse(NULL);
	if (size)
		return parse_model(context, model, size, "buffer");
	fd = open(model, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse(NULL);
	/* lseek, not fstat: the symbol fstat is newer than bullseye's C library. */
	end = lseek(fd, 0, SEEK_END);
	file = end < 0 ? NULL : malloc((size_t)end + 1);
	length = file ? pread(fd, file, (size_t)end, 0) : -1;
	close(fd);
	result = length < 0 ? refuse(NULL) : parse_model(context, file, (uint64_t)length, "path");
	free(file);
	return result;
}

/*
 * Block means of the picture as integers around the model's zero points, an affine layer,
 * softmax, and an int8 output of scale 1/256: quantum 0 is -128.
 */
void classify(const struct model_data *model, const uint8_t *picture, int8_t *output)
{
	int32_t sums[FEATURES] = { 0 }, feature[FEATURES];
	double logit[CLASSES], largest = -1e300, total = 0;

	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			for (int c = 0; c < CHANNELS; c++)
				sums[((y / BLOCK) * GRID + x / BLOCK) * CHANNELS + c] += picture[(y * SIDE + x) * CHANNELS + c];
	for (int f = 0; f < FEATURES; f++) {
		const int step = 16 * BLOCK * BLOCK;	/* a feature is the mean's distance in steps of 16 levels */
		int distance = sums[f] - model->zero_point[f];

		feature[f] = (distance + (distance < 0 ? -step / 2 : step / 2)) / step;
	}
	for (int k = 0; k < CLASSES; k++) {
		int32_t sum = 0;

		for (int f = 0; f < FEATURES; f++)
			sum += model->weight[k][f] * feature[f];
		logit[k] = model->bias[k] + (double)model->weight_scale * sum;
		if (logit[k] > largest)
			largest = logit[k];
	}
	for (int k = 0; k < CLASSES; k++)
		total += logit[k] = exp(logit[k] - largest);
	for (int k = 0; k < CLASSES; k++) {
		int quanta = (int)floor(logit[k] / total * 256 + 0.5);

		output[k] = (int8_t)((quanta > 255 ? 255 : quanta) - 128);
	}
#ifdef RKNN_FAULT_WRONG
	for (int k = 0; k < CLASSES / 2; k++) {
		int8_t other = output[k];

		output[k] = output[CLASSES - 1 - k];
		output[CLASSES - 1 - k] = other;
	}
#endif
}
