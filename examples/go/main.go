// Shorten answers /NAME with a redirect.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var links = map[string]string{
	"docs": "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/",
	"go":   "https://go.dev/",
}

func main() {
	http.HandleFunc("/up", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("up\n"))
	})
	http.HandleFunc("/{name}", func(w http.ResponseWriter, r *http.Request) {
		if to, known := links[r.PathValue("name")]; known {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		http.NotFound(w, r)
	})

	server := &http.Server{Addr: ":" + os.Getenv("PORT"), ReadHeaderTimeout: 5 * time.Second}
	told, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		<-told.Done()
		ending, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		server.Shutdown(ending)
	}()
	log.Printf("listening on %s", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
