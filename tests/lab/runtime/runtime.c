// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * Stand-in for librknnrt.so. This is not the vendor's runtime and holds none of its code.
 *
 * It has the vendor's ABI, version text, log lines, streams, error codes and crashes, talks to /dev/dri/card* through the
 * RKNPU driver's real ioctls, and runs one kind of model: the stand-in MobileNet that model.py writes. The "NPU" is the
 * CPU: the job is submitted to the driver, and only if the driver accepts it is the answer computed, from the input that
 * lies in the driver's memory. tests/witness holds it against the vendor's own 1.5.2.
 *
 * This file is its API; device.c is the log and the device, model.c the models, standin.h what they share. Build with
 * build.py, which sets RKNN_VERSION_* from its table of releases.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "standin.h"

#define EXPORT __attribute__((visibility("default")))

/* Says what this file is to whoever runs strings(1) on it; never printed as a log line. */
__attribute__((used)) static const char standin_notice[] =
	"rkfleet.npu lab: stand-in runtime, not the vendor's";

/* ---- faults that build.py --fault asks for ------------------------------------------ */

#ifdef RKNN_FAULT_CRASH
__attribute__((constructor)) static void crash_when_loaded(void)
{
	abort();
}
#endif

/* ---- API --------------------------------------------------------------------------- */

static struct context *context_of(rknn_context handle)
{
	struct context *context = (struct context *)(uintptr_t)handle;

	return context && context->magic == CONTEXT_MAGIC ? context : NULL;
}

EXPORT int rknn_destroy(rknn_context handle)
{
	struct context *context = context_of(handle);

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	release(context, &context->tasks);
	release(context, &context->input);
	release(context, &context->output);
	if (context->fd >= 0) {
		action(context, ACTION_POWER_OFF, 0);
		close(context->fd);
	}
	free(context->model);
	context->magic = 0;
	free(context);
	return RKNN_SUCC;
}

EXPORT int rknn_init(rknn_context *handle, void *model, uint32_t size, uint32_t flag, void *extend)
{
	struct context *context;
	int result = RKNN_ERR_FAIL;

	(void)flag;
	(void)extend;
	if (!handle)
		return RKNN_ERR_CTX_INVALID;
	context = calloc(1, sizeof(*context));
	if (!context)
		return RKNN_ERR_MALLOC_FAIL;
	context->magic = CONTEXT_MAGIC;
	if (open_device(context) || check_device(context))
		goto fail;
	result = load_model(context, model, size);
	if (result)
		goto fail;
	allocate(context, &context->tasks, TASKS * sizeof(struct npu_task), MEM_CACHEABLE | MEM_KERNEL_MAPPING);
	allocate(context, &context->input, INPUT_BYTES, MEM_CACHEABLE);
	allocate(context, &context->output, CLASSES, MEM_CACHEABLE);
	for (int i = 0; i < TASKS; i++)
		((struct npu_task *)context->tasks.memory)[i] = (struct npu_task) {
			.op_idx = (uint32_t)i + 1, .enable_mask = 0xd, .int_mask = 0x300, .int_clear = 0x1ffff,
		};
	synchronise(context, &context->tasks, SYNC_TO_DEVICE);
	*handle = (rknn_context)(uintptr_t)context;
	return RKNN_SUCC;
fail:
	rknn_destroy((rknn_context)(uintptr_t)context);
	return result;
}

static const struct answer { int command; const char *type; size_t size; } answers[] = {
	{ QUERY_IN_OUT_NUM, "rknn_input_output_num", sizeof(rknn_input_output_num) },
	{ QUERY_INPUT_ATTR, "rknn_tensor_attr", sizeof(rknn_tensor_attr) },
	{ QUERY_OUTPUT_ATTR, "rknn_tensor_attr", sizeof(rknn_tensor_attr) },
	{ QUERY_PERF_RUN, "rknn_perf_run", sizeof(rknn_perf_run) },
	{ QUERY_SDK_VERSION, "rknn_sdk_version", sizeof(rknn_sdk_version) },
};

EXPORT int rknn_query(rknn_context handle, int command, void *info, uint32_t size)
{
	struct context *context = context_of(handle);
	const struct answer *answer = NULL;

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (!info) {
		say('E', "rknn_query, info == nullptr!");
		return RKNN_ERR_PARAM_INVALID;
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (command == answers[i].command)
			answer = &answers[i];
	if (!answer) {
		say('E', "rknn_query, cmd = %d is not in [0, 17]!", command);
		return RKNN_ERR_PARAM_INVALID;
	}
	if (size < answer->size) {
		say('E', "rknn_query, info_len(%u) < sizeof(%s)(%zu)!", size, answer->type, answer->size);
		return RKNN_ERR_PARAM_INVALID;
	}
	if ((command == QUERY_INPUT_ATTR || command == QUERY_OUTPUT_ATTR) && ((rknn_tensor_attr *)info)->index != 0) {
		const char *which = command == QUERY_INPUT_ATTR ? "INPUT" : "OUTPUT", *one = command == QUERY_INPUT_ATTR ? "input" : "output";

		say('E', "rknn_query, RKNN_QUERY_%s_ATTR, p_attr->index(%u) >= %s_num(1)!", which, ((rknn_tensor_attr *)info)->index, one);
		return RKNN_ERR_PARAM_INVALID;
	}
	if (command == QUERY_IN_OUT_NUM) {
		*(rknn_input_output_num *)info = (rknn_input_output_num) { 1, 1 };
	} else if (command == QUERY_INPUT_ATTR) {
		*(rknn_tensor_attr *)info = (rknn_tensor_attr) {
			.n_dims = 4, .dims = { 1, SIDE, SIDE, CHANNELS }, .name = "input",
			.n_elems = INPUT_BYTES, .size = INPUT_BYTES, .fmt = FORMAT_NHWC, .type = TYPE_INT8,
			.qnt_type = QUANTISED_AFFINE, .zp = 0, .scale = 1 / 128.0f,
			.w_stride = SIDE, .size_with_stride = INPUT_BYTES,
		};
	} else if (command == QUERY_OUTPUT_ATTR) {
		*(rknn_tensor_attr *)info = (rknn_tensor_attr) {
			.n_dims = 2, .dims = { 1, CLASSES }, .name = "MobilenetV1/Predictions/Reshape_1",
			.n_elems = CLASSES, .size = CLASSES, .fmt = FORMAT_UNDEFINED, .type = TYPE_INT8,
			.qnt_type = QUANTISED_AFFINE, .zp = -128, .scale = 1 / 256.0f,
			.size_with_stride = CLASSES,
		};
	} else if (command == QUERY_PERF_RUN) {
		((rknn_perf_run *)info)->run_duration = context->run_us;
	} else {
		rknn_sdk_version *version = info;

		memset(version, 0, sizeof(*version));
		snprintf(version->api_version, sizeof(version->api_version), RKNN_VERSION " (" RKNN_BUILD ")");
		snprintf(version->drv_version, sizeof(version->drv_version), "%d.%d.%d",
			 VERSION(context->version));
	}
	return RKNN_SUCC;
}

EXPORT int rknn_inputs_set(rknn_context handle, uint32_t count, rknn_input inputs[])
{
	struct context *context = context_of(handle);

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (count != 1) {
		if (!count)
			say('W', "rknn_inputs_set, param input num(%d) != model input num(%d)", (int)count, 1);
		return count ? RKNN_ERR_PARAM_INVALID : RKNN_SUCC;
	}
	if (!inputs || !inputs[0].buf)
		crash();
	if (inputs[0].size < INPUT_BYTES) {
		say('E', "rknn_inputs_set, param input size(%d) < model input size(%d)", (int)inputs[0].size, INPUT_BYTES);
		return RKNN_ERR_PARAM_INVALID;
	}
	if (inputs[0].size > INPUT_BYTES)
		say('E', "current input size(%d) > need input size(%d)", (int)inputs[0].size, INPUT_BYTES);
	/* The vendor's runtime converts between types and layouts; the stand-in takes bytes in NHWC only. */
	if (inputs[0].type != TYPE_UINT8 || inputs[0].fmt != FORMAT_NHWC || inputs[0].pass_through) {
		say('E', "rknn_inputs_set, meet unsupported layout(%d)!", (int)inputs[0].fmt);
		return RKNN_ERR_INPUT_INVALID;
	}
	memcpy(context->input.memory, inputs[0].buf, INPUT_BYTES);
	synchronise(context, &context->input, SYNC_TO_DEVICE);
	return RKNN_SUCC;
}

/* Cores of an RK3588, or the runtime's choice; elsewhere there is nothing to choose. */
EXPORT int rknn_set_core_mask(rknn_context handle, int mask)
{
	struct context *context = context_of(handle);

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (context->hardware != HARDWARE_RK3588) {
		say('W', "rknn_set_core_mask: No implementation found for current platform!");
		return RKNN_ERR_TARGET_PLATFORM_UNMATCH;
	}
	if (mask < 0 || mask == 5 || mask == 6 || mask > 7) {
		say('E', "Not support core mask: %x, fallback to single core auto mode", mask);
		say('E', "rknn_set_core_mask: failed to set core mask: %x", mask);
		context->core_mask = 0;
		return RKNN_ERR_FAIL;
	}
	context->core_mask = (uint32_t)mask;
	return RKNN_SUCC;
}

/* Of the pairs the driver takes those of the cores in the mask: the first three, or from the third on for three cores. */
static void share_tasks(const struct context *context, struct npu_submit *job)
{
	int cores = __builtin_popcount(job->core_mask), part = TASKS / (cores ? cores : 1);

	job->task_number = TASKS;
	if (context->hardware != HARDWARE_RK3588)
		return;
	for (int i = 0; i < 5; i++) {
		int place = cores == 3 ? i - 2 : i;

		if (cores < 2 && i < 3)
			job->core[i].task_number = TASKS;
		else if (cores > 1 && place >= 0 && place < cores) {
			job->core[i].task_start = place * part;
			job->core[i].task_number = place == cores - 1 ? TASKS - place * part : part;
		}
	}
	/* The whole list for whichever core it will be counts three times. */
	if (cores < 2)
		job->task_number = 3 * TASKS;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

EXPORT int rknn_run(rknn_context handle, void *extend)
{
	struct context *context = context_of(handle);
	struct npu_submit job = { 0 };
	int64_t started = now_us();

	(void)extend;
	if (!context)
		return RKNN_ERR_CTX_INVALID;
#ifdef RKNN_FAULT_HANG
	for (;;)
		pause();
#endif
	job.flags = JOB_PC | JOB_PINGPONG;
	job.timeout = 6000;
	job.task_obj_addr = context->tasks.object;
	job.core_mask = context->core_mask;
	job.fence_fd = -1;
	share_tasks(context, &job);
	if (ioctl(context->fd, NPU_SUBMIT, &job)) {
		say('E', "failed to submit!, op id: 1, op name: " FIRST_OP ", flags: %#x, task start: %d, "
		    "task number: %d, run task counter: %d, int status: %#x" RKNN_SUBMIT_ADVICE,
		    job.flags, job.task_start, TASKS, job.task_counter,
		    ((struct npu_task *)context->tasks.memory)[0].int_status);
		/* With older drivers it does not tell its caller, who reads zeros. */
		memset(context->output.memory, -128, CLASSES);
		return context->version < DRIVER_TELLS ? RKNN_SUCC : RKNN_ERR_FAIL;
	}
	classify(context->model, context->input.memory, context->output.memory);
	synchronise(context, &context->output, SYNC_FROM_DEVICE);
	context->run_us = now_us() - started;
	return RKNN_SUCC;
}

EXPORT int rknn_outputs_get(rknn_context handle, uint32_t count, rknn_output outputs[], void *extend)
{
	struct context *context = context_of(handle);
	const int8_t *quanta;
	uint32_t size;

	(void)extend;
	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (count != 1) {
		if (!count)
			say('W', "rknn_outputs_get, param output num(%d) != model output num(%d)", (int)count, 1);
		return count ? RKNN_ERR_PARAM_INVALID : RKNN_SUCC;
	}
	if (!outputs)
		return RKNN_ERR_OUTPUT_INVALID;
	quanta = context->output.memory;
	size = outputs[0].want_float ? CLASSES * sizeof(float) : CLASSES;
	if (outputs[0].is_prealloc) {
		if (!outputs[0].buf || outputs[0].size < size)
			return RKNN_ERR_OUTPUT_INVALID;
	} else {
		outputs[0].buf = malloc(size);
		if (!outputs[0].buf)
			return RKNN_ERR_MALLOC_FAIL;
	}
	outputs[0].index = 0;
	outputs[0].size = size;
	if (outputs[0].want_float)
		for (int k = 0; k < CLASSES; k++)
			((float *)outputs[0].buf)[k] = (quanta[k] + 128) / 256.0f;
	else
		memcpy(outputs[0].buf, quanta, CLASSES);
	return RKNN_SUCC;
}

EXPORT int rknn_outputs_release(rknn_context handle, uint32_t count, rknn_output outputs[])
{
	if (!context_of(handle))
		return RKNN_ERR_CTX_INVALID;
	for (uint32_t i = 0; outputs && i < count; i++)
		if (!outputs[i].is_prealloc) {
			free(outputs[i].buf);
			outputs[i].buf = NULL;
		}
	return RKNN_SUCC;
}
