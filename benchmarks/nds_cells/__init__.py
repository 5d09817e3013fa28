"""The cell spaces of NDS: those of DARTS, NASNet, AmoebaNet, PNAS and ENAS, with widths and depths that vary."""
