"""GPUs through the front door: an instance type's are found, given to one instance at a time, hidden from all others.

What is expected follows from the machine: one without a GPU runs such jobs on CPUs, and says so. Source: AWS's pricing
page (ml.g4dn.xlarge has one GPU); CUDA's driver API.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import Jobs, eventually

# A kernel by hand, so that any machine with NVIDIA's driver can run it and none needs a library.
_KERNEL = r"""
.version 6.0
.target sm_50
.address_size 64
.visible .entry triple(.param .u64 out) {
 .reg .b32 %r<3>;
 .reg .b64 %d<4>;
 ld.param.u64 %d1, [out];
 cvta.to.global.u64 %d2, %d1;
 mov.u32 %r1, %tid.x;
 mul.lo.u32 %r2, %r1, 3;
 mul.wide.u32 %d3, %r1, 4;
 add.s64 %d2, %d2, %d3;
 st.global.u32 [%d2], %r2;
 ret;
}
"""
_PROGRAM = f"""
import ctypes, glob, os, re
print("nodes", sorted(path for path in glob.glob("/dev/nvidia*") if re.search("[0-9]$", path)), flush=True)
try:
    cuda = ctypes.CDLL("libcuda.so.1")
except OSError:
    cuda = None
count = ctypes.c_int()
if cuda is not None and cuda.cuInit(0) == 0:
    assert cuda.cuDeviceGetCount(ctypes.byref(count)) == 0
print("devices", count.value, flush=True)
for number in range(count.value):
    device, context, module, kernel = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    memory, threads = ctypes.c_uint64(), 256
    def do(name, *arguments):
        result = getattr(cuda, name)(*arguments)
        assert result == 0, (name, result)
    do("cuDeviceGet", ctypes.byref(device), number)
    do("cuCtxCreate_v2", ctypes.byref(context), 0, device)
    do("cuModuleLoadData", ctypes.byref(module), {_KERNEL!r}.encode())
    do("cuModuleGetFunction", ctypes.byref(kernel), module, b"triple")
    do("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(4 * threads))
    given = (ctypes.c_void_p * 1)(ctypes.addressof(memory))
    do("cuLaunchKernel", kernel, 1, 1, 1, threads, 1, 1, 0, None, given, None)
    found = (ctypes.c_uint32 * threads)()
    do("cuMemcpyDtoH_v2", found, memory, ctypes.c_size_t(4 * threads))
    print("computed", sum(found), flush=True)
"""
_BUSY = """
while True:
    if count.value:
        do("cuLaunchKernel", kernel, 1 << 20, 1, 1, threads, 1, 1, 0, None, given, None)
        do("cuCtxSynchronize")
    else:
        sum(range(1 << 20))
"""
_ONE = {"InstanceCount": 1, "VolumeSizeInGB": 1}
_SUM = 3 * sum(range(256))


def machines_gpus() -> int:
    """How many the kernel shows here."""
    return sum(bool(re.fullmatch("nvidia[0-9]+", path.name)) for path in Path("/dev").glob("nvidia*"))


def test_two_instances_share_no_gpu(jobs: Jobs) -> None:
    """Each of ml.g4dn.xlarge has one, as far as the machine's reach; one that has none is told that it runs on CPUs."""
    resources = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1}
    name = jobs.start(_PROGRAM, wait=True, ResourceConfig=resources)
    lines = jobs.lines(name)
    assert jobs.describe(name)["TrainingJobStatus"] == "Completed", lines
    having = min(2, machines_gpus())
    assert (
        sorted(line for line in lines if line.startswith("devices "))
        == ["devices 0"] * (2 - having) + ["devices 1"] * having
    )
    assert lines.count(f"computed {_SUM}") == having
    assert sum("it runs on CPUs" in line for line in lines) == 2 - having


def test_a_jobs_gpus_tell_how_busy_they_are(jobs: Jobs) -> None:
    """GPUUtilization and GPUMemoryUtilization beside CPUUtilization, where there is a GPU and else not.

    The guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs' instance metrics: 0 to 100 for each GPU.
    """
    name = jobs.start(_PROGRAM + _BUSY, ResourceConfig={"InstanceType": "ml.g4dn.xlarge", **_ONE})
    cloudwatch = jobs.server.client("cloudwatch")
    wanted = ["CPUUtilization", *(["GPUUtilization", "GPUMemoryUtilization"] if machines_gpus() else [])]

    def found() -> dict[str, list[float]] | None:
        end = datetime.now(UTC) + timedelta(minutes=1)
        period = {"StartTime": end - timedelta(minutes=10), "EndTime": end, "Period": 1, "Statistics": ["Maximum"]}
        dimensions = [{"Name": "Host", "Value": f"{name}/algo-1"}]
        values = {}
        for metric in ("CPUUtilization", "GPUUtilization", "GPUMemoryUtilization"):
            answer = cloudwatch.get_metric_statistics(
                Namespace="/aws/sagemaker/TrainingJobs", MetricName=metric, Dimensions=dimensions, **period
            )
            values[metric] = [point["Maximum"] for point in answer["Datapoints"]]
        busy = values["GPUUtilization"] and max(values["GPUUtilization"]) > 0
        return values if all(len(values[one]) >= 3 for one in wanted) and (busy or not machines_gpus()) else None

    try:
        values = eventually(found, 90, "how busy the instance is")
    finally:
        jobs.sagemaker.stop_training_job(TrainingJobName=name)
    assert [metric for metric in values if values[metric]] == wanted
    assert all(0 <= value <= 100 for metric in wanted[1:] for value in values[metric])
    if machines_gpus():
        assert max(values["GPUMemoryUtilization"]) > 0  # its context takes some
    jobs.ended(name)


def test_an_instance_without_gpus_sees_none(jobs: Jobs) -> None:
    """ml.m5.large has none: neither a node nor a device, whatever the machine has."""
    name = jobs.start(_PROGRAM, wait=True)
    lines = jobs.lines(name)
    assert "devices 0" in lines, lines
    if jobs.server.status()["isolation"]["isolation"] != "none":
        assert "nodes []" in lines, lines
