threads 1, 4
port ENV.fetch("PORT")
pidfile "tmp/server.pid"
