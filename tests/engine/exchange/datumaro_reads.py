"""Run by a Python that has datumaro: prints what it finds in a data set as JSON lines, one for each box."""

import json
import sys

from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset

path, format_ = sys.argv[1:]
dataset = Dataset.import_from(path, format_)
names = [label.name for label in dataset.categories()[AnnotationType.label]]
for item in dataset:
    for one in item.annotations:
        if one.type == AnnotationType.bbox:
            box = [one.x, one.y, one.x + one.w, one.y + one.h]
            print(json.dumps([item.id, names[one.label], box, str(item.subset)]))
