// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* What the parts of the stand-in runtime share: see runtime.c. */
#ifndef RKFLEET_STANDIN_H
#define RKFLEET_STANDIN_H
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define LIBRARY "librknnrt version: " RKNN_VERSION " (" RKNN_BUILD ")"

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
#define VERSION(number) (number) / 10000, (number) / 100 % 100, (number) % 100

/* device.c: the log, and the node of the NPU */
__attribute__((format(printf, 2, 3))) void say(char severity, const char *format, ...);
void crash(void);
int open_device(struct context *context);
int check_device(struct context *context);
uint32_t action(struct context *context, uint32_t flags, uint32_t value);
void allocate(struct context *context, struct buffer *buffer, uint64_t size, uint32_t flags);
void release(struct context *context, struct buffer *buffer);
int synchronise(struct context *context, struct buffer *buffer, uint32_t direction);

/* model.c: what is read from a model's file, and what the stand-in computes of it */
int load_model(struct context *context, const void *model, uint32_t size);
void classify(const struct model_data *model, const uint8_t *picture, int8_t *output);
#endif
