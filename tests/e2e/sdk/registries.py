"""What `image_uris.retrieve` of an SDK says, of either version, for each framework of sys.argv[1:] and each region.

Prints one line of JSON: framework → region → the names of its newest version for CPUs.
"""

import functools
import json
import sys
from pathlib import Path

from botocore.loaders import JSONFileLoader

try:
    from sagemaker import image_uris
except ImportError:
    from sagemaker.core import image_uris

# Each call has a loader of its own read botocore's table of endpoints, for 50 ms and more.
read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda self, path: read(path)
TABLES = Path(image_uris.__file__).with_name("image_uri_config")

found = {}
for framework in sys.argv[1:]:
    table = json.loads((TABLES / f"{framework}.json").read_text())
    if framework == "sagemaker-base-python":  # which has a function of its own
        (versions,) = table["versions"].values()
        found[framework] = {region: [image_uris.get_base_python_image_uri(region)] for region in versions["registries"]}
        continue
    scopes = dict.fromkeys(table["scope"], table) if "versions" in table else table
    regions = found.setdefault(framework, {})
    for scope in {"training", "inference"} & scopes.keys():
        version, newest = list(scopes[scope]["versions"].items())[-1]
        for region in newest["registries"]:
            name = image_uris.retrieve(
                framework, region, version=version, image_scope=scope, instance_type="ml.m5.large"
            )
            regions.setdefault(region, []).append(name)
print(json.dumps(found))
