"""The smallest service that uses every part of the HTTP kit: people pin notes on their tenant's board."""
