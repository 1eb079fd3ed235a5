"""The plumbing under every Linea OPTIMA service. No business noun lives here."""
