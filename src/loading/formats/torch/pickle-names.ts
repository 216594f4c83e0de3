/** The names of Python that a pickle of `torch.save` may use: those of torch's `weights_only` unpickler. */

/** The storage classes of torch: dtype and bytes per element. */
export const STORAGES: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  "torch.FloatStorage": ["F32", 4],
  "torch.HalfStorage": ["F16", 2],
  "torch.BFloat16Storage": ["BF16", 2],
  "torch.DoubleStorage": ["F64", 8],
  "torch.LongStorage": ["I64", 8],
  "torch.IntStorage": ["I32", 4],
  "torch.ShortStorage": ["I16", 2],
  "torch.CharStorage": ["I8", 1],
  "torch.ByteStorage": ["U8", 1],
  "torch.BoolStorage": ["BOOL", 1],
  // Tensors of these are skipped; the names on the right are not those of safetensors.
  "torch.ComplexFloatStorage": ["C64", 8],
  "torch.ComplexDoubleStorage": ["C128", 16],
  "torch.QInt8Storage": ["QI8", 1],
  "torch.QUInt8Storage": ["QU8", 1],
  "torch.QInt32Storage": ["QI32", 4],
  "torch.storage.UntypedStorage": ["BYTES", 1],
};
export const ORDERED_DICT = "collections.OrderedDict";
export const TENSORS = ["torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"];
export const PARAMETERS = ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"];
/** Takes a function, a class, the function's arguments, and attributes: for a tensor of a subclass, or with attributes. */
export const SUBCLASS = "torch._tensor._rebuild_from_type_v2";
/** torch/_weights_only_unpickler.py, `_get_allowed_globals`. Python 2 had `__builtin__`, which protocol 2 still writes. */
export const READ_PAST: readonly string[] = [
  ...["collections.Counter", "_codecs.encode", "torch.Size", "torch.Tensor", "torch.device"],
  ...["torch.nn.parameter.Parameter", "torch.serialization._get_layout"],
  ...["builtins", "__builtin__"].flatMap((module) => ["set", "bytearray", "complex"].map((n) => `${module}.${n}`)),
  ...["qtensor", "sparse_tensor", "meta_tensor_no_storage", "wrapper_subclass"]
    .concat("device_tensor_from_numpy", "device_tensor_from_cpu_tensor")
    .map((name) => `torch._utils._rebuild_${name}`),
];
/** A tensor of a dtype that has no storage class: its storage counts bytes, and the dtype is an argument. */
export const TENSOR_OF_BYTES = "torch._utils._rebuild_tensor_v3";
/** The dtypes of such tensors that the engine reads. */
export const BYTE_DTYPES: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  ...{ "torch.float8_e4m3fn": ["F8_E4M3", 1], "torch.float8_e5m2": ["F8_E5M2", 1] },
  ...{ "torch.uint16": ["U16", 2], "torch.uint32": ["U32", 4], "torch.uint64": ["U64", 8] },
};
const DTYPES: readonly string[] = [
  ...["float16", "float32", "float64", "bfloat16", "bool", "uint8", "int8", "int16", "int32", "int64"],
  ...["complex32", "complex64", "complex128", "qint8", "quint8", "qint32"],
  ...["float8_e4m3fnuz", "float8_e5m2fnuz", "per_tensor_affine", "per_channel_affine"],
].map((name) => `torch.${name}`);
export const NAMES: ReadonlySet<string> = new Set([
  ...[ORDERED_DICT, SUBCLASS, TENSOR_OF_BYTES, ...TENSORS, ...PARAMETERS],
  ...[...READ_PAST, ...DTYPES, ...Object.keys(BYTE_DTYPES), ...Object.keys(STORAGES)],
]);
