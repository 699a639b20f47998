// The opaque library of the incident in small: an extension module whose Python was compiled into it, and which
// therefore shows neither source nor what it imports.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace {

const char* const kProgram = R"(
import multiprocessing, os, queue, sys

def log(text):
    print(text, flush=True)

def network(frames, model):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    asked = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(model, options, providers=asked)
    log(f"child {os.getpid()} ready with {session.get_providers()}")
    (face,) = session.get_inputs()
    while True:
        session.run(None, {face.name: frames.get()})

def drive(frames, count, patience, picture):
    for index in range(1, count + 1):
        if index == 1 or index % 10 == 0:
            log(f"drivered_video >>> 发送数据大小:[1], current_idx:{index}")
        try:
            frames.put(picture, timeout=patience)
        except queue.Full:
            log("[ERROR] [任务视频驱动队列满，严重阻塞，下游队列异常]")
            return 1
    return 0

def main(model, count=150, patience=60.0):
    import numpy
    spawn = multiprocessing.get_context("spawn")
    frames = spawn.Queue(maxsize=10)
    child = spawn.Process(target=network, args=(frames, model), daemon=True)
    child.start()
    code = drive(frames, count, patience, numpy.zeros((512, 512), numpy.float32))
    child.kill()
    child.join()
    frames.cancel_join_thread()
    return code
)";

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "trans_dh_service", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_trans_dh_service() {
  PyObject* module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  PyObject* names = PyModule_GetDict(module);
  PyObject* code = Py_CompileString(kProgram, "trans_dh_service.pyx", Py_file_input);
  PyObject* done = nullptr;
  if (code != nullptr && PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0) {
    done = PyEval_EvalCode(code, names, names);
  }
  Py_XDECREF(code);
  if (done == nullptr) {
    Py_DECREF(module);
    return nullptr;
  }
  Py_DECREF(done);
  return module;
}
