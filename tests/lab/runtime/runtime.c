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
 * Build with build.py, which sets RKNN_VERSION_* from its table of releases.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
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
struct drm_prime { uint32_t handle, flags; int32_t fd; };
struct drm_flink { uint32_t handle, name; };
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
#define DRM_FLINK    _IOWR('d', 0x0a, struct drm_flink)
#define DRM_PRIME    _IOWR('d', 0x2d, struct drm_prime)
#define NPU_ACTION   _IOWR('d', 0x40, struct npu_action)
#define HEAP_ACTION  _IOWR('r', 0x00, struct npu_action)
#define NPU_SUBMIT   _IOWR('d', 0x41, struct npu_submit)
#define MEM_CREATE   _IOWR('d', 0x42, struct npu_mem_create)
#define MEM_MAP      _IOWR('d', 0x43, struct npu_mem_map)
#define MEM_DESTROY  _IOWR('d', 0x44, struct npu_mem_destroy)
#define MEM_SYNC     _IOWR('d', 0x45, struct npu_mem_sync)
_Static_assert(DRM_VERSION == 0xc0406400, "DRM_IOCTL_VERSION");
_Static_assert(DRM_FLINK == 0xc008640a, "DRM_IOCTL_GEM_FLINK");
_Static_assert(DRM_PRIME == 0xc00c642d, "DRM_IOCTL_PRIME_HANDLE_TO_FD");
_Static_assert(HEAP_ACTION == 0xc0087200, "ACTION of a driver for DMA_HEAP");
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

enum { ACTION_HARDWARE = 0, ACTION_DRIVER = 1, ACTION_IOMMU = 18, ACTION_NICE = 19, ACTION_POWER_ON = 20,
       ACTION_POWER_OFF = 21 };
enum { HARDWARE_RK356X = 0, HARDWARE_RK3588 = 0x46495245 };
enum { MEM_NON_CONTIGUOUS = 1, MEM_CACHEABLE = 2, MEM_KERNEL_MAPPING = 8 };
enum { SYNC_TO_DEVICE = 1, SYNC_FROM_DEVICE = 2 };
enum { JOB_PC = 1, JOB_PINGPONG = 4 };
enum { DRIVER_TELLS = 902 };	/* from this driver on rknn_run fails with a job */

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

struct buffer { uint32_t handle; uint64_t object, size; void *memory; int fd; };

struct context {
	uint64_t magic;
	int fd;
	unsigned long action;	/* the request's number, which is the node's */
	uint32_t hardware;
	int version;	/* of the driver: major * 10000 + minor * 100 + patch */
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

/* The node of a driver for DMA_HEAP if there is one, else the first card node whose DRM driver calls itself rknpu. */
static int open_device(struct context *context)
{
	context->action = HEAP_ACTION;
	context->fd = open("/dev/rknpu", O_RDWR | O_CLOEXEC);
	for (int minor = 0; context->fd < 0 && minor < 16; minor++) {
		char path[32], name[16] = "";
		struct drm_version_arg version = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, DRM_VERSION, &version) == 0 && !strcmp(name, "rknpu")) {
			context->action = NPU_ACTION;
			context->fd = fd;
		} else {
			close(fd);
		}
	}
	if (context->fd >= 0)
		return 0;
	say('E', "failed to open rknpu module, need to insmod rknpu dirver!");
	say('E', "failed to open rknn device!");
	return -1;
}

/* What the driver answers, -1 if it does not. */
static uint32_t action(struct context *context, uint32_t flags, uint32_t value)
{
	struct npu_action action = { .flags = flags, .value = value };

	return ioctl(context->fd, context->action, &action) ? (uint32_t)-1 : action.value;
}

/* As the vendor's does: the reason is in the log, and then it goes on with what it has not got. */
static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

#define VERSION(number) (number) / 10000, (number) / 100 % 100, (number) % 100

static int check_device(struct context *context)
{
	static const int floor = RKNN_DRIVER_FLOOR, recommended = RKNN_DRIVER_RECOMMENDED;

	context->hardware = action(context, ACTION_HARDWARE, 0);
	context->version = (int)action(context, ACTION_DRIVER, 0);
	action(context, ACTION_POWER_ON, 0);
	say('I', "RKNN Runtime Information" RKNN_LOG_SEPARATOR " " LIBRARY);
	action(context, ACTION_NICE, (uint32_t)-19);
	if (context->hardware != HARDWARE_RK356X && context->hardware != HARDWARE_RK3588) {
		say('E', "Meet unsupported target type: %#x", context->hardware);
		say('E', "Meet unsupported target type: %#x", context->hardware);
		crash();
	}
	say('I', "RKNN Driver Information" RKNN_LOG_SEPARATOR " version: %d.%d.%d", VERSION(context->version));
	if (context->version < floor) {
		say('E', "Mismatch driver version, " LIBRARY " requires driver version >= %d.%d.%d, "
		    "but you have driver version: %d.%d.%d which is incompatible!", VERSION(floor), VERSION(context->version));
		say('E', "invalid device fd!");
		return -1;
	}
	if (context->version < recommended)
		say('W', "Current driver version: %d.%d.%d, recommend to upgrade the driver to the "
		    "new version: >= %d.%d.%d", VERSION(context->version), VERSION(recommended));
	return 0;
}

static void release(struct context *context, struct buffer *buffer)
{
	struct npu_mem_destroy destroy = { .handle = buffer->handle, .obj_addr = buffer->object };

	if (buffer->memory)
		munmap(buffer->memory, buffer->size);
	if (buffer->handle) {
		close(buffer->fd);
		ioctl(context->fd, MEM_DESTROY, &destroy);
	}
	memset(buffer, 0, sizeof(*buffer));
}

static void no_memory(const char *what, uint64_t size, uint32_t flags)
{
	int error = errno;

	say('E', "failed to %s, ret: -1, errno: %d, errstr: %s", what, error, strerror(error));
	say('E', "failed to malloc npu memory!, size: %u, flags: %#x", (unsigned)size, flags);
	crash();
}

static void allocate(struct context *context, struct buffer *buffer, uint64_t size, uint32_t flags)
{
	struct npu_mem_create create = { .flags = flags, .size = (size + 4095) & ~4095ULL };
	struct npu_mem_map map = { 0 };
	struct drm_flink flink = { 0 };
	struct drm_prime prime = { .flags = O_CLOEXEC | O_RDWR };
	char what[64];

	action(context, ACTION_IOMMU, 0);
	if (ioctl(context->fd, MEM_CREATE, &create))
		no_memory("allocate handle", size, flags);
	buffer->handle = map.handle = flink.handle = prime.handle = create.handle;
	buffer->object = create.obj_addr;
	buffer->size = create.size;
	ioctl(context->fd, DRM_FLINK, &flink);
	if (ioctl(context->fd, DRM_PRIME, &prime)) {
		snprintf(what, sizeof(what), "convert handle(%u) to fd", create.handle);
		no_memory(what, size, flags);
	}
	buffer->fd = prime.fd;
	if (ioctl(context->fd, MEM_MAP, &map))
		no_memory("get map offset", size, flags);
	buffer->memory = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, context->fd, (off_t)map.offset);
	if (buffer->memory == MAP_FAILED) {
		say('E', "failed to map memory errno = %s", strerror(errno));
		say('E', "failed to malloc npu memory!, size: %u, flags: %#x", (unsigned)size, flags);
		crash();
	}
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

static int load_model(struct context *context, const void *model, uint32_t size)
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
