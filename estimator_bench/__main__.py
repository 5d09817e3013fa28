"""`python -m estimator_bench`."""

from estimator_bench.cli.main import main

if __name__ == "__main__":
    main()
