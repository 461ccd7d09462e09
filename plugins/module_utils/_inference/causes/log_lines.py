# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What lines of the runtime's log look like, from their beginning: the longer patterns of the table in diagnoses.py.

They are lines of librknnrt.so 1.1.0 to 2.5.0, of the mini runtime, rknn_server, rknn-toolkit-lite2 and RKLLM, without
severity and time.
"""

from __future__ import annotations

import os

_VERSION = r"\d{1,4}\.\d{1,4}\.\d{1,4}"
MISMATCH = (
    r"Mismatch driver version, .{1,120} requires driver version >= (?P<required>" + _VERSION + r"), "
    r"but you have driver version: (?P<driver>" + _VERSION + r") which is incompatible!\Z")
TOO_LOW = (
    r"(?:Warning: )?Your rknpu driver version is too low, please upgrade to (?P<required>" + _VERSION + r")\b")
OTHER_RELEASE = (
    r"RKNN Model version: (?P<toolkit>[\d.]{3,14}) not match with rknn runtime version: (?P<release>[\d.]{3,14})\Z")
# Of the libraries that Android, uClibc and 32-bit systems have; glibc's libc.so is a text for the linker.
OTHER_SYSTEM = (
    r".{0,200}/libc\.so: invalid ELF header|.{0,200}: version `LIBC' not found"
    r"|(?:lib(?:log|android|c\+\+_shared|cutils|utils|binder\w{0,9}|hidl\w{1,20}|vndk\w{1,20})\.so|libc\.so\.0"
    r"|ld-uClibc\S{1,20}|libc\.musl-\S{1,20}|ld-linux(?:-armhf)?\.so\.3): cannot open shared object")
NO_DEVICE = (
    r"failed to open (?:.{1,60}\bneed to insmod rknpu\b|rknn device!\Z|device, fd: -"
    r"|rkn(?:pu|n)\b[\w ,]{0,25}\Z)|failed to load kernel module \"rknpu\""
    r"|rknn_init,\s{1,4}driver open fail\b")
_NODE = r"/dev/(?:dri|rknpu|accel|dma_heap)\b"
NO_HEAP = r"Failed to open DMA heap\b"
# Not of who lists nodes, of which no board has all, or looks for a GPU.
_OF_NODE = r"(?!.{0,60}\b(?:ls: |libEGL\b|MESA\b|libva\b))(?=.{0,200}" + _NODE + ").{0,300}"
NO_PERMISSION = _OF_NODE + r"\b(?:Permission denied|Operation not permitted|errno: 13)\b"
# Of SELinux and AppArmor, which also Android logs beside the program's lines.
NO_POLICY = (
    r".{0,200}\bavc: {1,2}denied\b(?=.{1,600}\b(?:card\d|renderD\d|rknpu|dma_heap|(?:gpu|dri|npu|rknpu|dmabuf_\w{1,20}"
    r")_device)).{1,700}\btclass=chr_file\b(?! permissive=1)"
    r"|.{0,200}\bapparmor=\"DENIED\".{1,200}\bname=\"" + _NODE)
NO_ANSWER = r"Meet unsupported target type: 0xf{8}\b|.{0,100}(?:hw_version = -1\b|\bdriver version is unknown!)"
# Syslog writes them to all terminals.
KERNEL_FAULT = r".{0,80}\b(?:Internal error: (?:Oops|sync)|Unable to handle kernel |Kernel panic - not |kernel BUG at )"
NO_NODE = (
    _OF_NODE + r"\b(?i:no such (?:file|device)|not a (?:(?:character )?device|directory))\b"
    r"|.{0,200}\b(?:Insufficient|unhealthy devices) \S{0,60}(?:npu|/renderD\d{1,3})\b")
MEMORY = (
    r"failed to (?:allocate (?:fd|handle)\b|convert (?:fd|handle)(?:\(| to )|get map offset\b|(?:map|sync) memory\b"
    r"|malloc (?:npu|cpu) mem(?:ory\b|\w{0,3}\Z)|mmap\b)")
OUT_OF_MEMORY = (
    MEMORY + r"|failed to allocate [\w ]{1,30}\bmemory!|.{0,80}\bstd::bad_alloc\b"
    r"|rknn_create_mem\w{0,20}, failed to allocate device memory struct!"
    r"|failed to allocate (?:[\w ]{1,30} (?:in )?config|executor context)!"
    r"|malloc (?:config data|image) failed|DMA Heap allocation failed|.{0,80}\berror code: RKNN_ERR_MALLOC_FAIL\b"
    r"|ggml_\w{1,30}: (?:failed to allocate|insufficient memory)\b|.{0,80}\bGGML_ASSERT\(alloc\b")
NO_ROOM = (
    r"can not create weight memory for domain\d|.{0,20}iommu_context->weight_memory is NULL"
    r"|(?:ioctl mem create|RKNN heap allocate) failed\b")
IMPOSSIBLE_SIZE = r"failed to malloc (?:npu|cpu) memory!?, size: (?:-\d|1844674\d{13}\b)"
"""A number below 0, as the runtime prints it: of a tensor whose size the model does not tell."""
# The first eight bytes of the file in either order: CYPTRKNN, then `<!`, `<h` or `<H`, and `version ` of Git LFS.
ENCRYPTED = r"invalid rknn model magic: (?:4e4e4b5254505943|43595054524b4e4e)\b"
WEB_PAGE = r"invalid rknn model magic: (?:3c(?:21|48|68)[0-9a-f]{12}|[0-9a-f]{12}(?:21|48|68)3c)\b"
LFS_POINTER = r"invalid rknn model magic: (?:76657273696f6e20|206e6f6973726576)\b"


def errno(*numbers):
    """Return the pattern of a failed request for memory, with one of these errors as a number or in words."""
    digits, words = "|".join(map(str, numbers)), "|".join(map(os.strerror, numbers))
    return MEMORY + r".{0,200}\berrno(?:: (?:" + digits + r")\b|(?::| =) (?:" + words + r")\Z)"


# "faild" is what the very first releases and people who retype a line write.
SUBMIT = r"fail(?:e|)d to subm(?:it\b|i?\Z)|failed to sync wait\b"
TOO_OLD_FOR_MODEL = (
    r"(?:Invalid )?RKNN model version (?:is )?(?P<format>\d{1,9})(?:\Z|, but current librknnrt\.so is support )")
PLATFORM = (
    r"(?:This rknn model is for|rknn model target platform\[\d{1,2}\] is) (?P<platform>[^\s,]{1,40}), "
    r"(?:but|while) current platform is (?P<found_platform>\S{1,40})")
MODEL = (
    r"\w{0,40}: (?:invalid magic characters '|error: failed to load model ')"
    r"|parseRKNN\b|LoadModel from|Invalid RKNN f(?:ormat|romat)|Verify ModelBuffer failed!|Import rknn model failed!"
    r"|The rknn model does not match the RKNPU hardware version!|failed to (?:check rknpu hardware|decode config data)"
    r"|Un(?:known|kown) op target|Unsupport target|Meet unsupported|incompatible model version"
    r"|invalid (?:rk(?:nn|llm) (?:llm )?model|model path)|(?:Warning: )?The model (?:version is|target_)"
    r"|rknn model verify failed|failed to parse (?:[\w ]{1,40} )?config!|create model buffer failed"
    r"|failed to (?:open model: |map file: |read (?:model|weight|regcmd|msic) [\w ]{0,14}!, read size: )"
    r"|.{0,40}\b(?:[Ff]open|[Oo]pen(?: file)?) \S{1,200}\.rk(?:nn|llm) fail"
    r"|Failed to read model data|invalid rknn full model!|Number of subgraphs in rknn should\b|readFromTensor: "
    r"|.{0,40}\bInvalid RKNN model path\b|.{0,40}\b[Ll]oad (?:RKNN|rknn) model failed"
    r"|.{0,60}\bNo such file or directory: '\S{1,200}\.rk(?:nn|llm)'|open \S{1,200}\.rk(?:nn|llm): no such file\b"
    r"|compiler version is not find\Z|(?:rknn_init, )?Invalid RKNN model(?! version\b)"
    r"|.{0,80}\berror code: RKNN_ERR_(?:MODEL_INVALID|DEVICE_UNMATCH|TARGET_PLATFORM_UNMATCH|INCOMPATILE_)")
INPUT = (
    r"rknn_(?:inputs_set|outputs_get|set_io_mem|create_mem\w{0,20}|set_input_shapes?)(?:,| error,?) .{0,80}"
    r"(?:size|type|fmt|stride|index|num|layout|shape)"
    r"|output\[\d{1,4}\] buf size error|Meet unsupported (?:tensor dtype.{0,20} for rknn_outputs_get|layout for udp)"
    r"|current input size\(|.{0,40}\bThe input(?:\[\d{1,4}\] need \ddims\b|\(ndarray\) shape .{1,60} is wrong\b)"
    r"|(?:load|resize) image failed!|invalid means and stds size!|npy input file: |parse_npy_header: |npz_load: "
    r"|The graph have same shape among inputs\b|_executor_infer_dynshape error\b"
    r"|Requst input channel is |The (?:request )?input (?:shape|format) is not support\b"
    r"|(?:in|out)put \w{5,6} is undefine|input tensor:.{1,80} has the same dynamic shapes"
    r"|Get rknn_outputs\[\d{1,4}\] size = |failed to set input, invalid (?:index|name): |input npy shape mismatch!"
    r"|.{0,40}\b(?:Unsupport data format: |Inputs should be placed in a list\b|Set shape for input\[)"
    r"|.{0,60}\bE (?:Inputs are invalid|(?:Type|Size) of inputs\[|The lengths of "
    r"|Unsupport (?:inputs\[|data type)|inputs\[)")
CALL = (
    r"query RKNN_QUERY_\w{1,40} (?:error|failed)\b|rknn_run is denied\b"
    r"|rknn_(?!init\b|set_\w{0,6}core)\w{1,40}(?:,| error,?) ?(?=.{0,80}(?:\bnull|NULL|invalid\b|index\(|out of range\b"
    r"|align\b|less than\b|not attached\b|\bunsupport|not support\b|too old\b|< \d))"
    r"|(?:You m|M)ust (?:call|set) \w|please use rknn_tensor_mem\b|rknn_init_extend is not set"
    r"|RKNN_FLAG_\w{1,30} is invalid|invalid rknn_(?:device|executor)_\w{1,30} params\b"
    r"|Runtime Targeting \d{1,9} is not RK3588|(?:dimension -?\d of first input|dynamic_shapes K and N) must be\b"
    r"|shapes format error\b")
GPU = (
    r"OpenCL error with code|Program build error: |(?:command_queue_|context_) create failed\b|GetProgram failed\b"
    r"|\w{1,20} gpu op \w{1,12} failed\b|(?:Pack|Unpack) kernel failed\b|Cannot find the kernel function\b")
CORES = (
    r"rknn_set_(?:batch_)?core_\w{3,4}(?::|,| error,) |Illegal (?:job )?core_mask\b|Illegal core num\b"
    r"|.{0,40}\bThe core_mask is only supported by\b|.{0,40}\bThe core mode \S{1,20} is not supported\b"
    r"|Unkown core mode\b|Job can not submit multi core\b")
RKLLM_CALL = (
    r"prompt must contains? |.{0,80}\bexceeds? (?:the )?max[_ ]context|.{0,80}\bprompt gather than max context\b"
    r"|Tokenizer is unavailable\b|.{0,40}\bmultimodal_input is not set\b"
    r"|Model has no embedding layer\b|meet unkown shape, op name: matmul_|The number of enabled CPUs must be\b"
    r"|max_context\[\d{1,9}\] must be less than\b")
LAYER = (
    r"(?!Meet unsupported (?:rknn )?t|Meet unsupported layout for udp|rknn_[a-ln-oq-z]|Unsupport target"
    r"|Not support core mask|The (?:request )?input ).{0,60}"
    r"\b(?:[Uu]nsupport(?:ed)?|[Nn]ot support)\b|.{0,80}\bcustom op\b|invalid tensor malloc size\b|REGTASK: "
    r"|Meet invalid (?:src|dst)\b|rknn_(?:unpack|convert|nhwc_to_nchw_\w{1,20}) error, ?Unsupported input type"
    r"|\w{1,20}: Invalid (?!args\b)[\w ]{3,20} of |Deconv: "
    r"|\w{1,40} unknown (?:input\w? ?layout|input [\w ]{1,20}|type):"
    r"|convert_type: unknown|unknown data_precision|Invalid (?:batch_axis|time_axis|input dims)\b"
    r"|Meet origin tensor size: |The (?:input and output quantization|sequence_lens shape|time_axis and)\b"
    r"|DatainEntries overflow|Squeezed bytes overflow|Feature is too large|banks num invalid"
    r"|failed to (?:tile|update|config) \w|RKNNTilingPassRT: |Illegal (?:argb |input type|type_bits)"
    r"|[Cc]ast tensor failed\b|Build op:\S{1,80} error\b"
    r"|[\w! ]{0,60}Failed to config layer: (?!.{1,120}\bfallback to single\b)"
    r"|ex(?:[A-Z]\w{1,20}:?|layernorm) |Creating (?:tmp )?tensor failed for |params not exit for "
    r"|.{0,80}\bfallback cpu failed|Can not find normalize\b"
    # What its compiler cannot do, of which some is done by the CPU or by one core instead.
    r"|(?!.{1,200}\b(?i:fall ?back)\b)(?:Conv(?:Transpose)?\b|>?Depthwise|Pool\b|Resize\b|Hardmax\b|LayerNorm\b"
    r"|Compiler: |(?:Bulb|Broadcast)\w{3,30}: |emit\w{2,40}[: .]|InitRNNConst: |OutputOperator\[|deconv |transpose "
    r"|Failed to build valid ex|Illegal ! |Not Support Dtype|F?Unknow dtype|Meet unknown type\b"
    r"|(?:\S{1,60} : )?Can not found \w{5,6} tensor|Cannot find coresponding|not supported input_forget"
    r"|invalid (?:in|out)put layout\Z|[Ii]nvalid conv cache\b|invalid input dims\b|The input feature tensor\b"
    r"|compiler init task\b|\w{1,40}: (?:mismatch input dims|invalid params,))"
    r"|Error(?:, Invalid total element count|: (?:invalid axis|Got different dims))")
NO_SERVER = (
    r"(?:rknn|__pthread)_\w{1,20},\s{1,4}(?:server connect fail\b|recv\(\w{1,20}\) fail\b|msg_\w{1,20} fail, "
    r"|driver open fail!.{1,10}\(ERROR_PIPE\))|Cannot connect to proxy\b"
    r"|.{0,40}\b[Tt]he rknn_server on the conc?ected device is abnormal\b"
    r"|.{0,40}\bFailed to get rknn server version\b")
