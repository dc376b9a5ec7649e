"""ONNX Runtime on an NCHW model made here of libcnn's weights. Inference only."""
import worker


def model_bytes(weights):
    """The network in eleven nodes, as an export would write it."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper
    constants, nodes = [], []

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(kind, inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"t{len(nodes)}"], **attributes))
        return f"t{len(nodes) - 1}"

    value = "images"
    for i in (1, 2):
        kernel = constant(f"kernel{i}", weights[f"conv{i}/kernel"].transpose(3, 2, 0, 1))
        value = node("Conv", [value, kernel, constant(f"bias{i}", weights[f"conv{i}/bias"])],
                     kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        value = node("Relu", [value])
        value = node("BatchNormalization", [value] + [constant(f"{part}{i}", weights[f"bn{i}/{part}"]) for part in (
            "gamma", "beta", "moving_mean", "moving_variance")], epsilon=1e-3)
        value = node("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    value = node("Flatten", [value])
    # libcnn flattens rows, columns, channels; NCHW channels, rows, columns
    dense = weights["dense1/kernel"].reshape(7, 7, 64, 128).transpose(2, 0, 1, 3).reshape(3136, 128)
    value = node("Relu", [node("Gemm", [value, constant("kernel3", dense), constant("bias3", weights["dense1/bias"])])])
    value = node("Gemm", [value, constant("kernel4", weights["output/kernel"]), constant("bias4", weights["output/bias"])])
    value = node("Softmax", [value], axis=1)
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "notebook", [shape("images", TensorProto.FLOAT, ["n", 1, 28, 28])],
                              [shape(value, TensorProto.FLOAT, ["n", 10])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def start():
    settings = worker.Settings()
    import onnxruntime
    content = model_bytes(settings.weights())
    test = settings.images("t10k").transpose(0, 3, 1, 2).copy()
    sessions = {}

    def session(spin):
        if spin not in sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = settings.threads
            options.inter_op_num_threads = 1
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
            options.add_session_config_entry("session.intra_op.allow_spinning", spin)
            options.add_session_config_entry("session.set_denormal_as_zero", "1")
            sessions[spin] = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return sessions[spin]

    def caller(spin, binding, images):
        s = session(spin)
        if binding == "0":
            return lambda: s.run(None, {"images": images})
        bound = s.io_binding()
        bound.bind_cpu_input("images", images)
        bound.bind_output(s.get_outputs()[0].name, "cpu")
        return lambda: s.run_with_iobinding(bound)

    def infer(steps, spin="1", binding="0"):
        return worker.timed(caller(spin, binding, test[: worker.BATCH]), steps, worker.BATCH)

    def single(steps, spin="1", binding="0"):
        return worker.timed_singles(caller(spin, binding, test[:1]), steps)

    def check(steps, spin="1", **unused):
        return {"difference": settings.difference(
            lambda images: session(spin).run(None, {"images": images.transpose(0, 3, 1, 2).copy()})[0])}

    return f"ONNX Runtime {onnxruntime.__version__}", {"infer": infer, "single": single, "check": check}


worker.serve(start)
