# The page in a container, weights inside, for everyone who has no Space:
#
#     docker build -t colorizer .
#     docker run --rm -p 7860:7860 colorizer          # then http://127.0.0.1:7860
#
# Needs no network while it runs; add --network none --read-only --tmpfs /tmp where nobody else may reach it.
FROM python:3.11-slim

# Packages first: they change seldom, the code often. Wheels only, so that no compiler is needed.
COPY requirements.txt /srv/colorizer/
RUN pip install --no-cache-dir --no-compile --only-binary=:all: -r /srv/colorizer/requirements.txt \
    && useradd --uid 1000 --create-home colorizer

WORKDIR /srv/colorizer
COPY app.py LICENSE README.md ./
COPY colorizer colorizer
COPY examples examples
COPY weights/colorizer.weights.h5 weights/colorizer.json weights/README.md weights/

USER 1000
ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_TEMP_DIR=/tmp/gradio \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=8)"]
CMD ["python", "app.py"]
