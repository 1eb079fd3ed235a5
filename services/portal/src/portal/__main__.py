from optima_kit.run import main

from .bootstrap import service
from .settings import PortalSettings

if __name__ == "__main__":
    main(service, PortalSettings)
