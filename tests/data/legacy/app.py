"""What starts the service: `python app.py MODEL [PATIENCE]`."""

import sys

import trans_dh_service

if __name__ == "__main__":
    patience = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    sys.exit(trans_dh_service.main(sys.argv[1], patience=patience))
