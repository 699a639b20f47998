"""What starts the service: `python app.py MODEL [FRAMES [PATIENCE]]`."""

import sys

import trans_dh_service

if __name__ == "__main__":
    model, frames, patience = [*sys.argv[1:], *("150", "60")[len(sys.argv) - 2 :]]
    sys.exit(trans_dh_service.main(model, int(frames), float(patience)))
