"""The portal: the web pages of everybody who works with Linea OPTIMA."""
