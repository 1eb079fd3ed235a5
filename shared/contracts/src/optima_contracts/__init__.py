"""The events that Linea OPTIMA's services publish to each other.

One module of event models per context; `envelope` is the CloudEvents 1.0 frame around them.
A published model is frozen: fields may be added with a default, never removed, renamed or retyped.
"""
