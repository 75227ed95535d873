"""Reads a YAML file (JSON is YAML too) into a model, with all its mistakes at once as ``file:line:column: …``; and puts
files in their place."""

import copy
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ipmi_lab.errors import InventoryError, did_you_mean

M = TypeVar("M", bound=BaseModel)
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 40
PRUNINGS = 4
MOST_NODES = 1_000_000
Place = tuple[int, int]
Path_ = tuple[str | int, ...]


class Document:
    """A file as read: its plain values, and where each of them stands (line and column from 1)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[Path_, Place] = {}
        self.mistakes: list[tuple[Place, str]] = []
        self._nodes = 0
        node = self._compose()
        self.value: Any = self._plain(node, (), ()) if node is not None else {}
        if not isinstance(self.value, dict):
            self.mistakes.append(((1, 1), "the file must be a mapping of keys, such as targets:"))

    def _compose(self) -> Any:
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise InventoryError(f"{self.path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InventoryError(f"{self.path}: is no text in UTF-8") from None
        try:
            return yaml.compose(text, Loader=Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
            raise InventoryError(f"{self.path}{where}: not YAML: {error.problem or error}") from None
        except (yaml.YAMLError, RecursionError) as error:
            raise InventoryError(f"{self.path}: not YAML: {error}") from None

    def _plain(self, node: Any, path: Path_, above: tuple[int, ...]) -> Any:
        """A node as plain values. Anchors may not contain themselves, and not blow the document up."""
        self._nodes += 1
        self.places.setdefault(path, _place(node))
        if id(node) in above or len(above) > DEEPEST or self._nodes > MOST_NODES:
            raise InventoryError(f"{self.path}:{_place(node)[0]}:{_place(node)[1]}: anchors nest without end")
        above = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, above)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, index), above) for index, item in enumerate(node.value)]
        try:
            return _scalar(node)
        except (ValueError, yaml.YAMLError):
            self.mistakes.append((_place(node), f"{_dotted(path)}: {node.value!r} is no value that YAML knows"))
            return None

    def _mapping(self, node: Any, path: Path_, above: tuple[int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append((_place(key_node), f"{_dotted(path)}: a key must be a plain word"))
                continue
            key = str(key_node.value)
            if key in found:
                first = self.places[(*path, key)]
                self.mistakes.append(
                    (_place(key_node), f"{_dotted((*path, key))}: is written twice, first in line {first[0]}")
                )
                continue
            self.places[(*path, key)] = _place(key_node)
            found[key] = self._plain(value_node, (*path, key), above)
        return found

    def place(self, path: Path_) -> Place:
        """Where a value stands; of one that is missing, where it should."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def mistake(self, path: Path_, sentence: str) -> None:
        """Remember what is wrong with a value."""
        self.mistakes.append((self.place(path), f"{_dotted(path)}: {sentence}" if path else sentence))

    def raise_mistakes(self) -> None:
        """InventoryError with all mistakes, in the order of the file, if there are any."""
        if self.mistakes:
            lines = [
                f"{self.path}:{line}:{column}: {sentence}" for (line, column), sentence in sorted(set(self.mistakes))
            ]
            raise InventoryError("\n".join(lines))


def _scalar(node: Any) -> Any:
    return yaml.SafeLoader("").construct_object(node) if node.tag != "tag:yaml.org,2002:str" else node.value


def _place(node: Any) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _dotted(path: Path_) -> str:
    return ".".join(str(step) for step in path)


def read(path: Path, model: type[M]) -> M:
    """The model that a file holds; InventoryError with one line a mistake."""
    document = Document(Path(path))
    found = check(document, model)
    document.raise_mistakes()
    assert found is not None
    return found


def put(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file that is whole or not there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:  # a full disk, or Ctrl-C: no half of a file stays
        Path(temporary).unlink(missing_ok=True)
        raise


def check(document: Document, model: type[M]) -> M | None:
    """Validate what was read; what is wrong is remembered in the document.

    The model that comes back is made of what is right, so that further checks can tell their mistakes as well; None
    where nothing is left of it.
    """
    value = copy.deepcopy(document.value)
    for told in range(PRUNINGS):
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=True):
                path = _existing(detail["loc"], document)
                if not told:  # what pruning itself makes missing is no mistake of the writer
                    document.mistake(path, _sentence(detail, model))
                _prune(value, path)
    return None


def _prune(value: Any, path: Path_) -> None:
    """Take a wrong value out; where it is missing, what should hold it."""
    holder, above = value, None
    for step in path[:-1]:
        above = holder, step
        try:
            holder = holder[step]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1] if path else None
    if isinstance(holder, dict) and last in holder:
        del holder[last]
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder.pop(last)
    elif above is not None and isinstance(above[0], dict):
        above[0].pop(above[1], None)


def _existing(location: Path_, document: Document) -> Path_:
    """Pydantic names the branches of a union in its paths: leave out what the document does not have, but the last."""
    path: Path_ = ()
    for index, step in enumerate(location):
        if (*path, step) in document.places or index == len(location) - 1:
            path = (*path, step)
    return path


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        siblings = _fields_at(model, detail["loc"][:-1])
        return f"is no key that is known here. {did_you_mean(str(detail['loc'][-1]), siblings)}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in ("literal_error", "enum"):
        return f"{detail['input']!r} is not one of {detail['ctx']['expected']}"
    text = detail["msg"]
    return text[0].lower() + text[1:]


def _fields_at(model: type[BaseModel], location: Path_) -> list[str]:
    """The keys that a model knows at some place inside it."""
    models = [model]
    for step in location:
        deeper: list[type[BaseModel]] = []
        for each in models:
            field = each.model_fields.get(str(step)) or next(
                (f for f in each.model_fields.values() if f.alias == step), None
            )
            if field is not None:
                deeper += list(_models_in(field.annotation))
        models = deeper or models
    return sorted({field.alias or name for each in models for name, field in each.model_fields.items()})


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)
