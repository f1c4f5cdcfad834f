# One compile policy and one way to declare a folder of src/ and its unit tests.

add_library(pyxis_options INTERFACE)
target_compile_options(pyxis_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wno-missing-field-initializers
  -fstack-protector-strong)
target_compile_definitions(pyxis_options INTERFACE _GNU_SOURCE PYXIS_VERSION="${PROJECT_VERSION}")
target_include_directories(pyxis_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(PYXIS_SANITIZE)
  target_compile_options(pyxis_options INTERFACE -fsanitize=${PYXIS_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=undefined)
  target_link_options(pyxis_options INTERFACE -fsanitize=${PYXIS_SANITIZE})
else()
  target_compile_definitions(pyxis_options INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
  target_link_options(pyxis_options INTERFACE -Wl,-z,relro,-z,now)
endif()

# pyxis_library(NAME SOURCES a.cc ... LINKS base ...): the static library of one folder.
function(pyxis_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(pyxis_${name} STATIC ${arg_SOURCES})
  target_link_libraries(pyxis_${name} PUBLIC pyxis_options ${arg_LINKS})
endfunction()

# pyxis_unit_test(NAME SOURCES a_test.cc ... LINKS pyxis_base ...): one GoogleTest program, run by ctest.
function(pyxis_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${arg_LINKS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(test_${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120
    # Memory that is freed is to be memory that can be had again, for the tests that measure.
    ENVIRONMENT "ASAN_OPTIONS=quarantine_size_mb=1")
endfunction()
