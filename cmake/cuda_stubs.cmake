# Libraries to link the CUDA modules to where no CUDA is installed: ELF files with the right SONAME and, in the runtime's,
# the functions of src/cuda/rows.inl. They are never installed and never run.
#
# framelane_cuda_stubs(<target> <soname>...) makes one library for each SONAME and links the target to all of them, also
# to those that it calls nothing of: ONNX Runtime's provider needs them, and finds them loaded.
function(framelane_cuda_stubs target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/stubs/${target})
  foreach(soname ${ARGN})
    string(REGEX MATCH "^lib([A-Za-z]+)\\.so\\.([0-9]+)$" _ ${soname})
    set(name ${CMAKE_MATCH_1})
    set(version ${CMAKE_MATCH_2})
    set(stub ${target}_${name})
    set(source ${PROJECT_SOURCE_DIR}/cmake/cuda_stub_empty.cpp)
    if(name STREQUAL "cudart")
      set(source ${PROJECT_SOURCE_DIR}/cmake/cuda_stub_runtime.cpp)
    endif()
    add_library(${stub} SHARED ${source})
    set_target_properties(
      ${stub}
      PROPERTIES OUTPUT_NAME ${name}
                 SOVERSION ${version}
                 LIBRARY_OUTPUT_DIRECTORY ${folder}
                 CXX_VISIBILITY_PRESET default)
    target_include_directories(${stub} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PRIVATE ${stub})
  endforeach()
endfunction()
