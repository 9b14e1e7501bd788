// Redirects uploads, before or after they are read, and digests what comes back.
// Arguments: the ports of HTTP/1.1, of HTTP/1.1 over TLS and of HTTP/2 over TLS.
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
)

var (
	lock sync.Mutex
	// The digests of all bodies that came whole.
	seen []string
)

func digest(w http.ResponseWriter, r *http.Request) {
	hash := sha256.New()
	if _, err := io.Copy(hash, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text := fmt.Sprintf("%x", hash.Sum(nil))
	lock.Lock()
	seen = append(seen, text)
	lock.Unlock()
	io.WriteString(w, text)
}

func redirect(reads bool, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if reads {
			io.Copy(io.Discard, r.Body)
		}
		http.Redirect(w, r, "/digest", status)
	}
}

func main() {
	http.HandleFunc("/digest", digest)
	http.HandleFunc("/seen", func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		io.WriteString(w, strings.Join(seen, "\n"))
	})
	http.HandleFunc("/early/307", redirect(false, http.StatusTemporaryRedirect))
	http.HandleFunc("/early/308", redirect(false, http.StatusPermanentRedirect))
	http.HandleFunc("/read/307", redirect(true, http.StatusTemporaryRedirect))
	http.HandleFunc("/read/308", redirect(true, http.StatusPermanentRedirect))
	address := func(port string) string { return "127.0.0.1:" + port }
	go func() { log.Fatal(http.ListenAndServe(address(os.Args[1]), nil)) }()
	go func() {
		// An empty map is how net/http is told not to speak HTTP/2.
		none := map[string]func(*http.Server, *tls.Conn, http.Handler){}
		server := &http.Server{Addr: address(os.Args[2]), TLSNextProto: none}
		log.Fatal(server.ListenAndServeTLS("cert.pem", "key.pem"))
	}()
	log.Fatal(http.ListenAndServeTLS(address(os.Args[3]), "cert.pem", "key.pem", nil))
}
