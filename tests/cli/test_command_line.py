"""The command line from outside: help, refusals, layers of options, completion."""

import json
import os
import re
import subprocess

import pytest

VERBS = ["convert", "rechunk", "info", "dump", "verify", "extract", "plan", "exec", "runs", "cache",
         "store", "bench", "analyze", "template", "write-region", "append", "archive",
         "check", "schema", "synth", "table"]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """GRIDMILL_* options of whoever runs the tests must not matter."""
    for name in list(os.environ):
        if name.startswith("GRIDMILL_") and name not in ("GRIDMILL_BINARY", "GRIDMILL_TEST_DATA"):
            monkeypatch.delenv(name)


def path_of(gridmill):
    """The binary behind the fixture, for use inside a shell's line."""
    return str(gridmill("--version").args[0])


def only_line(text):
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize("verb", [*VERBS, "completion"])
def test_help_of_every_verb_has_an_example_and_exit_codes(gridmill, verb):
    run = gridmill(verb, "--help")
    assert run.returncode == 0 and run.stderr == ""
    assert f"\n  gridmill {verb} " in run.stdout.split("\nExample")[1]
    assert "Exit codes" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 100
    assert gridmill("help", verb).stdout == run.stdout


def test_program_help_names_every_verb(gridmill):
    run = gridmill("--help")
    assert run.returncode == 0
    listed = run.stdout.split("\nVerbs\n")[1].split("\n\n")[0]
    assert set(re.findall(r"^  ([\w-]+) +\S", listed, re.MULTILINE)) == {*VERBS, "completion"}
    bare = gridmill()
    assert bare.returncode == 2 and bare.stdout == "" and bare.stderr == run.stdout


def test_every_example_in_the_help_parses(gridmill):
    """With --show-config the options of an example are read and nothing is run."""
    for words in [(verb,) for verb in VERBS] + [()]:  # and the program's own
        text = gridmill(*words, "--help").stdout
        if not words:
            text = text.split("\nExamples\n")[1]
        examples = re.findall(r"^  (gridmill .*)$", text, re.MULTILINE)
        assert examples, words
        for example in examples:
            command = example.split(" | ")[0]
            script = f'{command.replace("gridmill", chr(34) + "$0" + chr(34), 1)} --show-config'
            run = subprocess.run(["bash", "-c", script, path_of(gridmill)], capture_output=True, text=True)
            assert run.returncode == 0, (example, run.stderr)


def test_every_verb_has_the_options_of_every_verb(gridmill):
    for verb in VERBS:
        text = gridmill(verb, "--help").stdout
        for option in ("memory", "threads", "timeout", "mpi", "dry-run", "json", "log", "config", "show-config", "help"):
            assert re.search(rf"^  (-h, )?--{option}\b", text, re.MULTILINE), (verb, option)


def test_version_names_the_libraries(gridmill):
    run = gridmill("--version")
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert re.fullmatch(r"gridmill \d+\.\d+\.\d+", lines[0])
    versions = dict(line.rsplit(maxsplit=1) for line in lines[1:])
    versions = {name.strip(): version for name, version in versions.items()}
    for name in ["netCDF", "HDF5", "ecCodes", "blosc", "zstd", "lz4", "libdeflate", "zlib", "bzip2",
                 "lzma", "fmt"]:
        assert re.match(r"\d+\.\d+", versions[name]), name
    # The oracle: what the system's own tools say.
    netcdf = subprocess.run(["nc-config", "--version"], capture_output=True, text=True).stdout
    assert netcdf.strip() == f"netCDF {versions['netCDF']}"
    codes = subprocess.run(["codes_info", "-v"], capture_output=True, text=True).stdout
    assert codes.strip() == versions["ecCodes"]


RUNTIME = {"stdc++", "m", "gcc_s", "c", "ld-linux-x86-64", "ld-linux-aarch64", "pthread", "dl", "rt"}
NAMES = {
    "netcdf": "netCDF", "hdf5_serial": "HDF5", "eccodes": "ecCodes", "openjp2": "OpenJPEG",
    "png16": "libpng", "aec": "libaec", "sz": "libaec", "z": "zlib", "bz2": "bzip2",
    "deflate": "libdeflate", "xxhash": "xxHash", "mpi": "Open MPI",
}  # fmt: skip


def test_version_names_every_library_that_is_linked(gridmill):
    shown = {line[2:].rsplit(maxsplit=1)[0] for line in gridmill("--version").stdout.splitlines()[1:]}
    dynamic = subprocess.run(["readelf", "-d", path_of(gridmill)], capture_output=True, text=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(?:lib)?(.*?)\.so", dynamic)) - RUNTIME
    assert {"netcdf", "openjp2", "aec", "png16"} <= needed, dynamic
    assert {NAMES.get(name, name) for name in needed} <= shown


@pytest.mark.parametrize("words, nearest", [
    (["convert", "--chunk", "time=1", "a", "b"], "--chunks"),
    (["verify", "--agianst", "a", "b"], "--against"),
    (["dump", "--row", "a"], "--raw"),
    (["extract", "--ponit=1,2", "a"], "--point"),
])
def test_unknown_option_suggests_the_nearest(gridmill, words, nearest):
    run = gridmill(*words)
    assert run.returncode == 2 and run.stdout == ""
    line = only_line(run.stderr)
    assert line.startswith(f"gridmill {words[0]}: error: there is no option")
    assert f"did you mean {nearest}" in line


def test_unknown_verb_suggests_the_nearest(gridmill):
    run = gridmill("convrt", "a", "b")
    assert run.returncode == 2
    assert 'there is no verb "convrt" (did you mean convert?)' in only_line(run.stderr)


@pytest.mark.parametrize("words", [
    ["convert", "nowhere.nc", "out.zarr"],
    ["info", "nowhere.nc"],
    ["dump", "nowhere.nc"],
    ["verify", "nowhere.nc"],
    ["extract", "nowhere.nc", "--point", "1,2", "-o", "t.csv"],
    ["rechunk", "nowhere.nc", "out.zarr"],
    ["plan", "convert", "nowhere.nc", "out.zarr", "-o", "plan.json"],
    ["plan", "show", "nowhere.nc"],
    ["exec", "nowhere.nc"],
    ["bench", "read", "nowhere.nc"],
    ["analyze", "nowhere.nc", "-o", "advice.yaml"],
    ["runs", "ls", "nowhere.nc"],
    ["cache", "ls", "nowhere.nc"],
    ["store", "ls", "nowhere.nc"],
    ["store", "rm", "nowhere.nc#/a"],
])
def test_missing_file_is_named(gridmill, tmp_path, words):
    run = gridmill(*words, cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert "nowhere.nc" in run.stderr and "terminate" not in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["convert", "a"], ["info"], ["info", "a", "b"], ["extract"],
                                   ["verify"], ["dump", "a", "b"], ["completion"], ["rechunk", "a"],
                                   ["plan"], ["plan", "convert"], ["plan", "show"], ["exec"],
                                   ["exec", "a", "b"], ["bench"], ["bench", "read"], ["runs"], ["analyze"],
                                   ["runs", "ls"], ["cache"], ["store"], ["store", "ls"]])
def test_wrong_number_of_operands(gridmill, words):
    run = gridmill(*words)
    assert run.returncode == 2
    assert f": gridmill {words[0]} " in only_line(run.stderr)


@pytest.mark.parametrize("option", ["--mpi"])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "exec"])
def test_options_of_another_verb_are_refused_by_name(gridmill, verb, option):
    run = gridmill(verb, "a", "b", option)
    assert run.returncode == 1
    # It is in this version, of another verb: the message names the way there, as --help does.
    line = only_line(run.stderr)
    assert "exec --mpi" in line and "later version" not in line


@pytest.mark.parametrize("words, said", [
    (["--memory", "0"], "--memory: 0 is too little to work in: give at least 64M"),
    (["--memory", "1K"], "give at least 64M"),
    (["--memory", "lots"], '"lots" is not a size'),
    (["--memory"], "--memory needs a value"),
    (["--threads", "0"], "--threads: 0 threads make no sense"),
    (["--threads", "two"], '"two" is not a whole number'),
    (["--timeout", "soon"], '"soon" is not a duration'),
    (["--log", "jsn"], "did you mean json"),
    (["--zarr-format", "4"], '"4" is not one of 3, 2'),
    (["--config", "nowhere.yaml"], "there is no config file nowhere.yaml"),
])
def test_bad_values_are_named(gridmill, words, said):
    run = gridmill("convert", "a", "b", *words)
    assert run.returncode == 2
    assert said in only_line(run.stderr)


def test_errors_as_json(gridmill):
    run = gridmill("convert", "a", "b", "--json", "--memory", "1K")
    assert run.returncode == 2
    error = json.loads(run.stdout)["error"]
    assert error["kind"] == "invalid" and error["exit_code"] == 2
    assert error["contexts"] == ["--memory"] and "64M" in error["message"]
    lines = gridmill("convert", "a", "b", "--log", "json", "--chunk", "3").stderr
    assert json.loads(only_line(lines))["event"] == "error"


def test_layers_of_options(gridmill, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("memory: 1GiB\nthreads: 1\nlog: text\n"
                      "convert:\n  chunks: {time: 24, lat: 90}\n  zarr_format: 2\n")
    environment = {"GRIDMILL_THREADS": "2", "GRIDMILL_LOG": "json", "GRIDMILL_NO_SUCH": "1"}
    run = gridmill("convert", "--config", config, "--log", "auto", "--show-config", env=environment)
    assert run.returncode == 0, run.stderr
    rows = {line.split()[0]: re.split(r"  +", line)[1:] for line in run.stdout.splitlines()}
    assert rows["memory"] == ["1GiB", f"memory in {config}"]
    assert rows["threads"] == ["2", "GRIDMILL_THREADS"]
    assert rows["log"] == ["auto", "--log"]
    assert rows["chunks"] == ["time=24,lat=90", f"chunks in {config}"]
    assert rows["zarr-format"] == ["2", f"zarr-format in {config}"]
    assert rows["timeout"][-1] == "default"
    same = gridmill("convert", "--log", "auto", "--show-config",
                    env={**environment, "GRIDMILL_CONFIG": str(config)})
    assert "1GiB" in same.stdout
    document = json.loads(gridmill("convert", "--show-config", "--json", env=environment).stdout)
    assert document["threads"] == {"value": ["2"], "from": "GRIDMILL_THREADS"}


def test_unknown_config_key_suggests_the_nearest(gridmill, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("memory: 1GiB\nthread: 2\n")
    run = gridmill("info", "a", "--config", config)
    assert run.returncode == 2
    assert "line 2: there is no option thread (did you mean threads?)" in only_line(run.stderr)


def test_negative_latitudes_parse(gridmill):
    run = gridmill("extract", "x.zarr", "--point", "-33.9,151.2", "--point", "Oslo=59.9,10.8",
                   "--show-config")
    assert "-33.9,151.2; Oslo=59.9,10.8" in run.stdout


@pytest.mark.parametrize("words", [["--append", "time"], ["--append=time"]])
def test_a_verb_that_is_asked_for_as_an_option_is_named(gridmill, words):
    run = gridmill("convert", "a", "b", *words)
    assert run.returncode == 1
    assert "--append is a verb: gridmill append IN... STORE" in only_line(run.stderr)


@pytest.mark.parametrize("option", ["--memory", "--threads"])
def test_info_refuses_what_it_would_ignore(gridmill, ferret, option):
    place = ferret / "coads_climatology.cdf"
    run = gridmill("info", place, option, "1024M" if option == "--memory" else "2")
    assert run.returncode == 2 and option in only_line(run.stderr)
    everywhere = {"GRIDMILL_MEMORY": "1G", "GRIDMILL_THREADS": "2"}
    assert gridmill("info", place, env=everywhere).returncode == 0


def test_other_methods_are_refused_by_name(gridmill):
    run = gridmill("extract", "x.zarr", "--point", "1,2", "--method", "cubic", "-o", "t.csv")
    assert run.returncode == 2 and 'there is no method "cubic"' in only_line(run.stderr)


def test_two_forms_of_a_dump_exclude_each_other(gridmill):
    run = gridmill("dump", "x.zarr", "--raw", "--csv")
    assert run.returncode == 2 and "--raw and --csv exclude each other" in only_line(run.stderr)


def complete(script, words):
    """What bash offers after these words (the last one is being typed)."""
    array = " ".join(f"'{word}'" for word in words)
    driver = (f"{script}\nCOMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
              '_gridmill; printf "%s\\n" "${COMPREPLY[@]}"')
    run = subprocess.run(["bash", "-c", driver], capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_bash_completion(gridmill):
    script = gridmill("completion", "bash").stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert set(complete(script, ["gridmill", ""])) >= {*VERBS, "completion", "--version"}
    assert complete(script, ["gridmill", "con"]) == ["convert"]
    assert complete(script, ["gridmill", "convert", "--zarr"]) == ["--zarr-format"]
    assert complete(script, ["gridmill", "convert", "--zarr-format", ""]) == ["3", "2"]
    assert complete(script, ["gridmill", "info", "--zarr"]) == []
    assert complete(script, ["gridmill", "info", "x"]) == []  # file names are the shell's own
    assert complete(script, ["gridmill", "completion", "z"]) == ["zsh"]
    for verb in VERBS:
        offered = set(complete(script, ["gridmill", verb, "--"]))
        documented = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", gridmill(verb, "--help").stdout,
                                    re.MULTILINE))
        assert offered == documented


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_every_option(gridmill, shell):
    run = gridmill("completion", shell)
    assert run.returncode == 0
    for verb in VERBS:
        assert re.search(rf"\b{verb}\b", run.stdout)
    for option in ["zarr-format", "against", "point", "show-config"]:
        assert re.search(rf"(--|-l ){option}\b", run.stdout)


def test_unknown_shell(gridmill):
    run = gridmill("completion", "bsh")
    assert run.returncode == 2 and "did you mean bash" in only_line(run.stderr)


def test_a_reader_that_leaves_is_no_error(gridmill, ferret, tmp_path):
    """`gridmill dump ... | head -1` ends quietly."""
    binary = path_of(gridmill)
    command = f"'{binary}' dump '{ferret}/coads_climatology.cdf#/SST' | head -c 20 >/dev/null; " \
              'echo "${PIPESTATUS[0]}"'
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "0" and run.stderr == ""


def test_a_full_disk_behind_a_redirection(gridmill):
    with open("/dev/full", "w") as full:
        run = gridmill("completion", "bash", capture_output=False, stdout=full,
                       stderr=subprocess.PIPE)
    assert run.returncode == 4 and "standard output" in run.stderr


def test_thread_variables_of_others_are_ignored(gridmill):
    run = gridmill("info", "--show-config", env={"OMP_NUM_THREADS": "77", "BLOSC_NTHREADS": "77"})
    assert run.returncode == 0 and "77" not in run.stdout


def test_libraries_of_the_current_folder_are_not_loaded(gridmill, tmp_path):
    """CMake pads the paths of a program's libraries with empty ones: to the loader, where one stands."""
    for part in (gridmill.binary, gridmill.binary.with_name("libgridmill_parquet.so")):
        if not part.is_file():  # built without Arrow
            continue
        needed = subprocess.run(["ldd", part], capture_output=True, text=True, check=True).stdout
        for line in needed.splitlines():
            if "=>" in line:
                (tmp_path / line.split()[0]).write_text("no library")
    assert list(tmp_path.glob("libnetcdf*"))
    done = gridmill("--version", cwd=tmp_path)  # loads Arrow, too, to say which it is
    assert done.returncode == 0, done.stderr
    assert "netCDF" in done.stdout
