"""Linea OPTIMA on one machine: private servers, services, supervisor and the commands of ./optima."""
