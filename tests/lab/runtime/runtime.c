// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * Stand-in for librknnrt.so. This is not the vendor's runtime and holds none of its code.
 *
 * It has the vendor's ABI, version text, log lines, streams and error codes, talks to /dev/dri/renderD* through the RKNPU driver's real
 * ioctls, and runs one kind of model: the stand-in MobileNet that model.py writes. The
 * "NPU" is the CPU: the job is submitted to the driver, and only if the driver accepts it
 * is the answer computed, from the input that lies in the driver's memory.
 *
 * Build with build.py, which sets RKNN_VERSION_* from its table of releases.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define LIBRARY "librknnrt version: " RKNN_VERSION " (" RKNN_BUILD ")"

/* Says what this file is to whoever runs strings(1) on it; never printed as a log line. */
__attribute__((used)) static const char standin_notice[] =
	"rkfleet.npu lab: stand-in runtime, not the vendor's";

/* ---- public ABI ------------------------------------------------------------------- */

typedef uint64_t rknn_context;

enum { RKNN_SUCC = 0, RKNN_ERR_FAIL = -1, RKNN_ERR_MALLOC_FAIL = -4, RKNN_ERR_PARAM_INVALID = -5,
       RKNN_ERR_MODEL_INVALID = -6, RKNN_ERR_CTX_INVALID = -7, RKNN_ERR_INPUT_INVALID = -8,
       RKNN_ERR_OUTPUT_INVALID = -9, RKNN_ERR_TARGET_PLATFORM_UNMATCH = -13 };
enum { QUERY_IN_OUT_NUM = 0, QUERY_INPUT_ATTR = 1, QUERY_OUTPUT_ATTR = 2, QUERY_PERF_RUN = 4,
       QUERY_SDK_VERSION = 5 };
enum { TYPE_INT8 = 2, TYPE_UINT8 = 3 };
enum { FORMAT_NHWC = 1, FORMAT_UNDEFINED = 3 };
enum { QUANTISED_AFFINE = 2 };

typedef struct {
	uint32_t index, n_dims, dims[16];
	char name[256];
	uint32_t n_elems, size;
	uint32_t fmt, type, qnt_type;
	int8_t fl;
	int32_t zp;
	float scale;
	uint32_t w_stride, size_with_stride;
	uint8_t pass_through;
	uint32_t h_stride;
} rknn_tensor_attr;

typedef struct {
	uint32_t index;
	void *buf;
	uint32_t size;
	uint8_t pass_through;
	uint32_t type, fmt;
} rknn_input;

typedef struct {
	uint8_t want_float, is_prealloc;
	uint32_t index;
	void *buf;
	uint32_t size;
} rknn_output;

typedef struct { uint32_t n_input, n_output; } rknn_input_output_num;
typedef struct { char api_version[256], drv_version[256]; } rknn_sdk_version;
typedef struct { int64_t run_duration; } rknn_perf_run;

#define AT(type, member, where) \
	_Static_assert(offsetof(type, member) == (where), #type "." #member)
_Static_assert(sizeof(rknn_tensor_attr) == 376, "rknn_tensor_attr");
AT(rknn_tensor_attr, index, 0); AT(rknn_tensor_attr, n_dims, 4); AT(rknn_tensor_attr, dims, 8);
AT(rknn_tensor_attr, name, 72); AT(rknn_tensor_attr, n_elems, 328); AT(rknn_tensor_attr, size, 332);
AT(rknn_tensor_attr, fmt, 336); AT(rknn_tensor_attr, type, 340); AT(rknn_tensor_attr, qnt_type, 344);
AT(rknn_tensor_attr, fl, 348); AT(rknn_tensor_attr, zp, 352); AT(rknn_tensor_attr, scale, 356);
AT(rknn_tensor_attr, w_stride, 360); AT(rknn_tensor_attr, size_with_stride, 364);
AT(rknn_tensor_attr, pass_through, 368); AT(rknn_tensor_attr, h_stride, 372);
_Static_assert(sizeof(rknn_input) == 32, "rknn_input");
AT(rknn_input, index, 0); AT(rknn_input, buf, 8); AT(rknn_input, size, 16); AT(rknn_input, pass_through, 20);
AT(rknn_input, type, 24); AT(rknn_input, fmt, 28);
_Static_assert(sizeof(rknn_output) == 24, "rknn_output");
AT(rknn_output, want_float, 0); AT(rknn_output, is_prealloc, 1); AT(rknn_output, index, 4); AT(rknn_output, buf, 8); AT(rknn_output, size, 16);
_Static_assert(sizeof(rknn_sdk_version) == 512, "rknn_sdk_version");
AT(rknn_sdk_version, api_version, 0); AT(rknn_sdk_version, drv_version, 256);
_Static_assert(sizeof(rknn_input_output_num) == 8, "rknn_input_output_num");
AT(rknn_input_output_num, n_input, 0); AT(rknn_input_output_num, n_output, 4);

/* ---- the RKNPU driver's ioctls ---------------------------------------------------- */

struct drm_version_arg {
	int major, minor, patch;
	size_t name_len; char *name;
	size_t date_len; char *date;
	size_t desc_len; char *desc;
};
struct npu_action { uint32_t flags, value; };
struct npu_mem_create {
	uint32_t handle, flags;
	uint64_t size, obj_addr, dma_addr, sram_size;
#if RKNN_MEM_CREATE_SIZE > 40
	int32_t iommu_domain_id;
	uint32_t reserved;
#endif
};
struct npu_mem_map { uint32_t handle, reserved; uint64_t offset; };
struct npu_mem_destroy { uint32_t handle, reserved; uint64_t obj_addr; };
struct npu_mem_sync { uint32_t flags, reserved; uint64_t obj_addr, offset, size; };
struct npu_submit {
	uint32_t flags, timeout, task_start, task_number, task_counter;
	int32_t priority;
	uint64_t task_obj_addr;
	uint32_t iommu_domain_id, reserved;
	uint64_t task_base_addr;
	int64_t hw_elapse_time;
	uint32_t core_mask;
	int32_t fence_fd;
	struct { uint32_t task_start, task_number; } core[5];
};
/* One entry of the task list the driver walks for a job. */
struct npu_task {
	uint32_t flags, op_idx, enable_mask, int_mask, int_clear, int_status, regcfg_amount, regcfg_offset;
	uint64_t regcmd_addr;
};

#define DRM_VERSION  _IOWR('d', 0x00, struct drm_version_arg)
#define NPU_ACTION   _IOWR('d', 0x40, struct npu_action)
#define NPU_SUBMIT   _IOWR('d', 0x41, struct npu_submit)
#define MEM_CREATE   _IOWR('d', 0x42, struct npu_mem_create)
#define MEM_MAP      _IOWR('d', 0x43, struct npu_mem_map)
#define MEM_DESTROY  _IOWR('d', 0x44, struct npu_mem_destroy)
#define MEM_SYNC     _IOWR('d', 0x45, struct npu_mem_sync)
_Static_assert(DRM_VERSION == 0xc0406400, "DRM_IOCTL_VERSION");
_Static_assert(NPU_ACTION == 0xc0086440, "ACTION");
_Static_assert(NPU_SUBMIT == 0xc0686441, "SUBMIT");
_Static_assert(MEM_CREATE == (RKNN_MEM_CREATE_SIZE == 48 ? 0xc0306442 : 0xc0286442), "MEM_CREATE");
_Static_assert(MEM_MAP == 0xc0106443, "MEM_MAP");
_Static_assert(MEM_DESTROY == 0xc0106444, "MEM_DESTROY");
_Static_assert(MEM_SYNC == 0xc0206445, "MEM_SYNC");
AT(struct npu_mem_create, handle, 0); AT(struct npu_mem_create, flags, 4); AT(struct npu_mem_create, size, 8);
AT(struct npu_mem_create, obj_addr, 16); AT(struct npu_mem_create, dma_addr, 24); AT(struct npu_mem_create, sram_size, 32);
#if RKNN_MEM_CREATE_SIZE > 40
AT(struct npu_mem_create, iommu_domain_id, 40); AT(struct npu_mem_create, reserved, 44);
#endif
AT(struct npu_mem_map, handle, 0); AT(struct npu_mem_map, offset, 8);
AT(struct npu_mem_destroy, handle, 0); AT(struct npu_mem_destroy, obj_addr, 8);
AT(struct npu_mem_sync, flags, 0); AT(struct npu_mem_sync, obj_addr, 8); AT(struct npu_mem_sync, offset, 16);
AT(struct npu_mem_sync, size, 24);
AT(struct npu_submit, flags, 0); AT(struct npu_submit, timeout, 4); AT(struct npu_submit, task_start, 8);
AT(struct npu_submit, task_number, 12); AT(struct npu_submit, task_counter, 16); AT(struct npu_submit, priority, 20);
AT(struct npu_submit, task_obj_addr, 24); AT(struct npu_submit, iommu_domain_id, 32); AT(struct npu_submit, reserved, 36);
AT(struct npu_submit, task_base_addr, 40); AT(struct npu_submit, hw_elapse_time, 48); AT(struct npu_submit, core_mask, 56);
AT(struct npu_submit, fence_fd, 60); AT(struct npu_submit, core, 64);
_Static_assert(sizeof(struct npu_task) == 40, "struct npu_task");

enum { ACTION_GET_DRIVER_VERSION = 1 };
enum { MEM_NON_CONTIGUOUS = 1, MEM_CACHEABLE = 2, MEM_KERNEL_MAPPING = 8 };
enum { SYNC_TO_DEVICE = 1, SYNC_FROM_DEVICE = 2 };
enum { JOB_PC = 1, JOB_PINGPONG = 4 };

/* ---- the stand-in's model --------------------------------------------------------- */

enum { SIDE = 224, CHANNELS = 3, BLOCK = 16, GRID = SIDE / BLOCK, FEATURES = GRID * GRID * CHANNELS,
       CLASSES = 1001, INPUT_BYTES = SIDE * SIDE * CHANNELS, TASKS = 38 };
#define FIRST_OP "Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant"

/* The data section of a stand-in .rknn, little-endian, written by model.py. */
struct model_data {
	char identifier[8];		/* four zero bytes, "RKNN" */
	char notice[40];
	uint32_t crc;			/* CRC-32 of all that follows */
	uint32_t features, classes;
	float weight_scale;
	uint16_t zero_point[FEATURES];	/* sum over a block's 256 pixels at which its feature is 0 */
	float bias[CLASSES];
	int8_t weight[CLASSES][FEATURES];
} __attribute__((packed));

struct buffer { uint32_t handle; uint64_t object, size; void *memory; };

struct context {
	uint64_t magic;
	int fd;
	int driver[3];
	struct model_data *model;
	struct buffer tasks, input, output;
	int64_t run_us;
	uint32_t core_mask;	/* as rknn_set_core_mask() left it, 0: the runtime chooses */
};
#define CONTEXT_MAGIC 0x724b464c454554ULL

/* ---- log --------------------------------------------------------------------------- */

/* Errors go to stderr; from level 1 on warnings, from level 2 on information, to stdout. */
__attribute__((format(printf, 2, 3))) static void say(char severity, const char *format, ...)
{
	const char *value = getenv("RKNN_LOG_LEVEL");
	int level = value ? atoi(value) : 0;
	FILE *stream = severity == 'E' ? stderr : stdout;
	struct timespec now;
	struct tm clock;
	va_list arguments;

	if ((severity == 'W' && level < 1) || (severity == 'I' && level < 2))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &clock);
	fprintf(stream, "%c RKNN: [%02d:%02d:%02d.%03d] ", severity, clock.tm_hour, clock.tm_min,
		clock.tm_sec, (int)(now.tv_nsec / 1000000));
	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
	fputc('\n', stream);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- device ------------------------------------------------------------------------ */

/* The first render node whose DRM driver calls itself rknpu, or -1. */
static int open_device(void)
{
	for (int minor = 128; minor < 192; minor++) {
		char path[32], name[16] = "";
		struct drm_version_arg version = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, DRM_VERSION, &version) == 0 && !strcmp(name, "rknpu"))
			return fd;
		close(fd);
	}
	return -1;
}

static int driver_version(struct context *context)
{
	static const int floor = RKNN_DRIVER_FLOOR, recommended = RKNN_DRIVER_RECOMMENDED;
	struct npu_action action = { .flags = ACTION_GET_DRIVER_VERSION };
	int have;

	if (ioctl(context->fd, NPU_ACTION, &action))
		return -1;
	have = (int)action.value;
	context->driver[0] = have / 10000;
	context->driver[1] = have / 100 % 100;
	context->driver[2] = have % 100;
	say('I', "RKNN Runtime Information" RKNN_LOG_SEPARATOR " " LIBRARY);
	say('I', "RKNN Driver Information" RKNN_LOG_SEPARATOR " version: %d.%d.%d",
	    context->driver[0], context->driver[1], context->driver[2]);
	if (have < floor) {
		say('E', "Mismatch driver version, " LIBRARY " requires driver version >= %d.%d.%d, "
		    "but you have driver version: %d.%d.%d which is incompatible!",
		    floor / 10000, floor / 100 % 100, floor % 100,
		    context->driver[0], context->driver[1], context->driver[2]);
		say('E', "invalid device fd!");
		return -1;
	}
	if (have < recommended)
		say('W', "Current driver version: %d.%d.%d, recommend to upgrade the driver to the "
		    "new version: >= %d.%d.%d", context->driver[0], context->driver[1], context->driver[2],
		    recommended / 10000, recommended / 100 % 100, recommended % 100);
	return 0;
}

static void release(struct context *context, struct buffer *buffer)
{
	struct npu_mem_destroy destroy = { .handle = buffer->handle, .obj_addr = buffer->object };

	if (buffer->memory)
		munmap(buffer->memory, buffer->size);
	if (buffer->handle)
		ioctl(context->fd, MEM_DESTROY, &destroy);
	memset(buffer, 0, sizeof(*buffer));
}

static int allocate(struct context *context, struct buffer *buffer, uint64_t size, uint32_t flags)
{
	struct npu_mem_create create = { .flags = flags, .size = (size + 4095) & ~4095ULL };
	struct npu_mem_map map = { 0 };
	int result = ioctl(context->fd, MEM_CREATE, &create);

	if (result) {
		int error = errno;

		say('E', "failed to allocate handle, ret: %d, errno: %d, errstr: %s", result, error, strerror(error));
		say('E', "failed to malloc npu memory!, size: %u, flags: %#x", (unsigned)size, flags);
		return -1;
	}
	buffer->handle = create.handle;
	buffer->object = create.obj_addr;
	buffer->size = create.size;
	map.handle = create.handle;
	if (ioctl(context->fd, MEM_MAP, &map) == 0) {
		void *memory = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, context->fd, (off_t)map.offset);

		if (memory != MAP_FAILED) {
			buffer->memory = memory;
			return 0;
		}
	}
	say('E', "failed to map memory errno = %s", strerror(errno));
	say('E', "failed to malloc npu memory!, size: %u, flags: %#x", (unsigned)size, flags);
	return -1;
}

static int synchronise(struct context *context, struct buffer *buffer, uint32_t direction)
{
	struct npu_mem_sync sync = { .flags = direction, .obj_addr = buffer->object, .size = buffer->size };

	return ioctl(context->fd, MEM_SYNC, &sync);
}

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

/* The text after "key":" in the model's JSON, cut at the quote; empty if absent. */
static void json_text(const char *json, const char *key, char *out, size_t room)
{
	char pattern[64];
	const char *start, *end;

	out[0] = '\0';
	snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
	start = strstr(json, pattern);
	if (!start)
		return;
	start += strlen(pattern);
	end = strchr(start, '"');
	if (end)
		snprintf(out, room, "%.*s", (int)(end - start), start);
}

static int refuse(const char *from)
{
	if (from)
		say('E', "parseRKNN from %s: Invalid RKNN format!", from);
	say('E', "rknn_init, load model failed!");
	return RKNN_ERR_MODEL_INVALID;
}

/* File: "RKNN", 4 zero bytes, u64 format, u64 data size, 40 bytes, data, u64 JSON size, JSON. */
static int parse_model(struct context *context, const uint8_t *file, uint64_t size, const char *from)
{
	uint64_t format, data_size, json_size;
	char json[4096], toolkit[128], framework[32], layout[32];

	if (size < 4 || memcmp(file, "RKNN", 4)) {
		say('E', "parseRKNN: invalid RKNN_MAGIC!");
		return refuse(from);
	}
	if (size < 72) {
		say('E', "parseRKNN: rknn model is too small!");
		return refuse(from);
	}
	memcpy(&format, file + 8, 8);
	memcpy(&data_size, file + 16, 8);
	if (format == 0 || format > RKNN_MODEL_FORMAT) {
		say('E', "%d, %d", (int)format, 1);
		say('E', "Invalid RKNN model version %d", (int)format);
		return refuse(NULL);
	}
	if (data_size > size - 72) {
		say('E', "parseRKNN: exportDataSize large then model size: %ld vs %ld!", (long)data_size, (long)size);
		return refuse(from);
	}
	memcpy(&json_size, file + 64 + data_size, 8);
	if (json_size > size - 72 - data_size || json_size >= sizeof(json)) {
		say('E', "parseRKNN: configSize large then model size: %ld vs %ld!", (long)json_size, (long)size);
		return refuse(from);
	}
	memcpy(json, file + 72 + data_size, json_size);
	json[json_size] = '\0';

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
	if (!strstr(json, "\"target_platform\":[\"rk3588\"]")) {
		say('E', "The rknn model does not match the RKNPU hardware version!");
		refuse(NULL);
		return RKNN_ERR_TARGET_PLATFORM_UNMATCH;
	}
	json_text(json, "version", toolkit, sizeof(toolkit));
	json_text(json, "ori_network_platform", framework, sizeof(framework));
	json_text(json, "layout", layout, sizeof(layout));
	say('I', "RKNN Model Information" RKNN_LOG_SEPARATOR " version: %d, toolkit version: %s, target: RKNPU v2, "
	    "target platform: rk3588, framework name: %s, framework layout: %s, model inference type: static_shape",
	    (int)format, toolkit, framework, layout);
	return RKNN_SUCC;
}

static int load_model(struct context *context, const void *model, uint32_t size)
{
	uint8_t *file;
	ssize_t length;
	off_t end;
	int fd, result;

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
static void classify(const struct model_data *model, const uint8_t *picture, int8_t *output)
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

/* ---- faults that build.py --fault asks for ------------------------------------------ */

#ifdef RKNN_FAULT_CRASH
__attribute__((constructor)) static void crash(void)
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
	if (context->fd >= 0)
		close(context->fd);
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
	if (!handle || !model)
		return RKNN_ERR_PARAM_INVALID;
	context = calloc(1, sizeof(*context));
	if (!context)
		return RKNN_ERR_MALLOC_FAIL;
	context->magic = CONTEXT_MAGIC;
	context->fd = open_device();
	if (context->fd < 0) {
		say('E', "failed to open rknpu module, need to insmod rknpu dirver!");
		say('E', "failed to open rknn device!");
		goto fail;
	}
	if (driver_version(context))
		goto fail;
	result = load_model(context, model, size);
	if (result)
		goto fail;
	if (allocate(context, &context->tasks, TASKS * sizeof(struct npu_task),
		     MEM_NON_CONTIGUOUS | MEM_CACHEABLE | MEM_KERNEL_MAPPING) ||
	    allocate(context, &context->input, INPUT_BYTES, MEM_NON_CONTIGUOUS | MEM_CACHEABLE) ||
	    allocate(context, &context->output, CLASSES, MEM_NON_CONTIGUOUS | MEM_CACHEABLE)) {
		result = RKNN_ERR_MALLOC_FAIL;
		goto fail;
	}
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

EXPORT int rknn_query(rknn_context handle, int command, void *info, uint32_t size)
{
	struct context *context = context_of(handle);

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (!info)
		return RKNN_ERR_PARAM_INVALID;
	if (command == QUERY_IN_OUT_NUM && size >= sizeof(rknn_input_output_num)) {
		*(rknn_input_output_num *)info = (rknn_input_output_num) { 1, 1 };
	} else if (command == QUERY_INPUT_ATTR && size >= sizeof(rknn_tensor_attr)) {
		if (((rknn_tensor_attr *)info)->index != 0)
			return RKNN_ERR_PARAM_INVALID;
		*(rknn_tensor_attr *)info = (rknn_tensor_attr) {
			.n_dims = 4, .dims = { 1, SIDE, SIDE, CHANNELS }, .name = "input",
			.n_elems = INPUT_BYTES, .size = INPUT_BYTES, .fmt = FORMAT_NHWC, .type = TYPE_INT8,
			.qnt_type = QUANTISED_AFFINE, .zp = 0, .scale = 1 / 128.0f,
			.w_stride = SIDE, .size_with_stride = INPUT_BYTES,
		};
	} else if (command == QUERY_OUTPUT_ATTR && size >= sizeof(rknn_tensor_attr)) {
		if (((rknn_tensor_attr *)info)->index != 0)
			return RKNN_ERR_PARAM_INVALID;
		*(rknn_tensor_attr *)info = (rknn_tensor_attr) {
			.n_dims = 2, .dims = { 1, CLASSES }, .name = "MobilenetV1/Predictions/Reshape_1",
			.n_elems = CLASSES, .size = CLASSES, .fmt = FORMAT_UNDEFINED, .type = TYPE_INT8,
			.qnt_type = QUANTISED_AFFINE, .zp = -128, .scale = 1 / 256.0f,
			.size_with_stride = CLASSES,
		};
	} else if (command == QUERY_PERF_RUN && size >= sizeof(rknn_perf_run)) {
		((rknn_perf_run *)info)->run_duration = context->run_us;
	} else if (command == QUERY_SDK_VERSION && size >= sizeof(rknn_sdk_version)) {
		rknn_sdk_version *version = info;

		memset(version, 0, sizeof(*version));
		snprintf(version->api_version, sizeof(version->api_version), RKNN_VERSION " (" RKNN_BUILD ")");
		snprintf(version->drv_version, sizeof(version->drv_version), "%d.%d.%d",
			 context->driver[0], context->driver[1], context->driver[2]);
	} else {
		return RKNN_ERR_PARAM_INVALID;
	}
	return RKNN_SUCC;
}

EXPORT int rknn_inputs_set(rknn_context handle, uint32_t count, rknn_input inputs[])
{
	struct context *context = context_of(handle);

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (count != 1) {
		say('E', "rknn_inputs_set, param input num(%d) %s model input num(%d)", (int)count, count > 1 ? ">" : "!=", 1);
		return RKNN_ERR_INPUT_INVALID;
	}
	if (!inputs || !inputs[0].buf || inputs[0].index != 0)
		return RKNN_ERR_INPUT_INVALID;
	if (inputs[0].size < INPUT_BYTES) {
		say('E', "rknn_inputs_set, param input size(%d) < model input size(%d)", (int)inputs[0].size, INPUT_BYTES);
		return RKNN_ERR_INPUT_INVALID;
	}
	/* The vendor's runtime converts between types and layouts; the stand-in takes bytes in NHWC only. */
	if (inputs[0].type != TYPE_UINT8 || inputs[0].fmt != FORMAT_NHWC || inputs[0].pass_through) {
		say('E', "rknn_inputs_set, meet unsupported layout(%d)!", (int)inputs[0].fmt);
		return RKNN_ERR_INPUT_INVALID;
	}
	memcpy(context->input.memory, inputs[0].buf, INPUT_BYTES);
	synchronise(context, &context->input, SYNC_TO_DEVICE);
	return RKNN_SUCC;
}

/* One core of an RK3588 or the runtime's choice; several at a time need a model made for that. */
EXPORT int rknn_set_core_mask(rknn_context handle, int mask)
{
	struct context *context = context_of(handle);

	if (!context)
		return RKNN_ERR_CTX_INVALID;
	if (mask != 0 && mask != 1 && mask != 2 && mask != 4) {
		say('E', "rknn_set_core_mask: failed to set core mask: %d", mask);
		return RKNN_ERR_FAIL;
	}
	context->core_mask = (uint32_t)mask;
	return RKNN_SUCC;
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
	job.task_number = TASKS;
	job.task_obj_addr = context->tasks.object;
	job.core_mask = context->core_mask ? context->core_mask : 1;
	job.fence_fd = -1;
	/* One core's tasks are at its own place in the list; the stand-in never splits a job between cores. */
	job.core[__builtin_ctz(job.core_mask)].task_number = TASKS;
	if (ioctl(context->fd, NPU_SUBMIT, &job)) {
		say('E', "failed to submit!, op id: 1, op name: " FIRST_OP ", flags: %#x, task start: %d, "
		    "task number: %d, run task counter: %d, int status: %#x" RKNN_SUBMIT_ADVICE,
		    job.flags, job.task_start, job.task_number, job.task_counter,
		    ((struct npu_task *)context->tasks.memory)[0].int_status);
		return RKNN_ERR_FAIL;
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
		say('E', "rknn_outputs_get, param output num(%d) %s model output num(%d)", (int)count, count > 1 ? ">" : "!=", 1);
		return RKNN_ERR_OUTPUT_INVALID;
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
