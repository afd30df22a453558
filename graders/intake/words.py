"""Words in the names of files and folders: of people, of parts of an assignment, of material."""

from __future__ import annotations

import re
import unicodedata

_PART = """a analisis analysis and apartado apartados assignment assignments b base c cap capitulo
capitulos chap chapter chapters code codigo comparacion compare cuaderno cuadernos d data datos de
e ej ejer ejercicio ejercicios ejs el entrega entregable entrenamiento eval evaluacion evaluation
ex exercise exercises fine finetune finetuning higgs homework hw la libretas lora main memoria
model modelo modelos models nb nbs notebook notebooks of p part parte partes parts pr prac practica
practicas practice preproc preprocesado preprocessing problem problema q question red res resnet s
section solucion soluciones solution solutions src step t tarea tareas task test the train training
tuning u udl udlbook unit y"""
_MATERIAL = """assets checkpoints data datos dataset datasets doc docs documentos enunciado extra
figs figuras figures images imagenes imgs img lib libs logs media model modelo modelos models out
output outputs plots reports resultados results scripts src utils weights"""
_PEOPLE = "alumna alumno alumnos equipo estudiante g group grupo pareja student team"

PART = frozenset(_PART.split())  # of an assignment's parts
MATERIAL = frozenset(_MATERIAL.split())  # folders that only hold material
PEOPLE = frozenset(_PEOPLE.split())  # a number after these is a group, not an exercise


def plain(text: str) -> str:
    """Lower case without accents, for comparing names."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def words(name: str) -> list[str]:
    """`Ej2_Ana-García` -> ["ej", "2", "ana", "garcia"]."""
    return re.findall(r"[^\W\d_]+|\d+", plain(name))


def is_part(name: str) -> bool:
    """Does this folder name say a part of an assignment, rather than a person?"""
    found = words(name)
    letters = [word for word in found if not word.isdigit()]
    if any(word in PEOPLE for word in letters):
        return False
    if any(len(word) >= 5 for word in found if word.isdigit()):
        return False  # a registration number
    return bool(found) and all(word in PART for word in letters)
