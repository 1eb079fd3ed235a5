"""The technical base of every Linea OPTIMA service. It contains no business concepts."""
