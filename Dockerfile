# Parley in an image: Node, what running needs, the code, and the code compiled. It runs as nobody in particular, and
# writes nowhere but below /data: `docker run --read-only --volume parley:/data --publish 127.0.0.1:4000:4000 parley`.

FROM node:26.10.0-slim AS build
ENV NODE_COMPILE_CACHE=/var/cache/parley
RUN install --directory --owner=node --group=node /app "$NODE_COMPILE_CACHE"
# Compiled code is kept apart for each user, so whoever compiles must be who runs.
USER node
WORKDIR /app
COPY --chown=node:node . .
# What the lock file names, without tools for development and without a second Node; then one start, so that it is compiled.
RUN node scripts/install.mjs --production --own-node
# That start used the embedded engines. These are the other ones.
RUN node --eval "for (const engine of ['@eventstore/db-client', 'mongodb', '@redis/client']) require(engine)"

FROM node:26.10.0-slim
LABEL org.opencontainers.image.title="Parley" org.opencontainers.image.version="0.1.0"
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/var/cache/parley \
    PARLEY_HOST=0.0.0.0 \
    PARLEY_DATA=/data \
    PARLEY_LOG_FORMAT=json
RUN install --directory --owner=node --group=node --mode=0700 /data \
 && ln --symbolic /app/bin/parley.js /usr/local/bin/parley
# The code belongs to root: the server cannot change it.
COPY --from=build --chown=root:root /app /app
COPY --from=build --chown=node:node /var/cache/parley /var/cache/parley
WORKDIR /app
# The user node, by number: Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
EXPOSE 4000
VOLUME /data
HEALTHCHECK --interval=5s --timeout=3s --start-period=120s --retries=3 CMD ["node", "scripts/healthCheck.mjs"]
ENTRYPOINT ["node", "bin/parley.js"]
CMD ["start"]
