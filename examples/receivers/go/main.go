// Receives Watchfire's webhooks. Needs nothing but the standard library of Go 1.19.
//
//	WATCHFIRE_SECRET=8fcac28a... PORT=9100 go run .
//
// WATCHFIRE_SECRET    the hook's `secret`; while it is rotated, the new one and the old one with a blank between
// WATCHFIRE_VERIFY    `hex` checks X-Sentry-Hook-Signature (default), `standard` the three headers of Standard Webhooks
// PORT                on 127.0.0.1; 0 takes a free one. The first line of the output says which
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	bodyMaxBytes         = 4 << 20
	timestampTolerance   = 300 * time.Second
	deliveriesRemembered = 10_000
	readTimeout          = 30 * time.Second
)

// refused is a request that is answered with a status and is no webhook of ours.
type refused struct {
	status int
	reason string
}

func (r refused) Error() string { return r.reason }

// checkHex checks X-Sentry-Hook-Signature: the hex HMAC-SHA256 of the body's bytes. The key is the secret's text, as it is.
func checkHex(secrets []string, body []byte, signature string) error {
	for _, secret := range secrets {
		if hmac.Equal([]byte(hex.EncodeToString(sign(secret, body))), []byte(signature)) {
			return nil
		}
	}
	return refused{http.StatusUnauthorized, "X-Sentry-Hook-Signature does not match"}
}

// checkStandard checks the headers of Standard Webhooks: the base64 HMAC-SHA256 of id, timestamp and body, with dots
// between; not older than five minutes.
func checkStandard(secrets []string, body []byte, header http.Header, now time.Time) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if err != nil {
		return refused{http.StatusUnauthorized, "webhook-timestamp is no time"}
	}
	if age := now.Sub(time.Unix(int64(seconds), 0)); age > timestampTolerance || age < -timestampTolerance {
		return refused{http.StatusUnauthorized, "webhook-timestamp is too far from now"}
	}
	for _, secret := range secrets {
		expected := "v1," + base64.StdEncoding.EncodeToString(sign(secret, []byte(id+"."+timestamp+"."), body))
		for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
			if hmac.Equal([]byte(expected), []byte(given)) {
				return nil
			}
		}
	}
	return refused{http.StatusUnauthorized, "webhook-signature does not match"}
}

func sign(secret string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// deliveries holds the ids of those that are being handled and of the last that were: what comes again, after a retry or a
// crash of the sender, is not handled again.
type deliveries struct {
	mutex    sync.Mutex
	handling map[string]bool
	handled  map[string]bool
	// A ring, so that the oldest of those that were handled gives way.
	order [deliveriesRemembered]string
	turn  int
}

// begin says whether it is to be handled; then end must follow.
func (d *deliveries) begin(id string) (bool, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.handled[id] {
		return false, nil
	}
	if d.handling[id] {
		// Not 2xx: were it answered so, and then its handling failed, nobody would send it again.
		return false, refused{http.StatusConflict, "the delivery is being handled"}
	}
	d.handling[id] = true
	return true, nil
}

// end makes what failed as if it had not come: the next try is new.
func (d *deliveries) end(id string, succeeded bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	delete(d.handling, id)
	if succeeded {
		delete(d.handled, d.order[d.turn])
		d.handled[id], d.order[d.turn] = true, id
		d.turn = (d.turn + 1) % deliveriesRemembered
	}
}

// webhook is what this receiver reads of a body.
type webhook struct {
	Message string `json:"message"`
}

// handle is your part. Answer within the hook's timeout, 5 s: what takes longer belongs into a queue.
func handle(kind string, event webhook) error {
	fmt.Printf("accepted %s %q\n", kind, event.Message)
	return nil
}

type receiver struct {
	secrets  []string
	standard bool
	seen     *deliveries
}

func (r receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	status := http.StatusNoContent
	if err := r.receive(w, request); err != nil {
		status = http.StatusInternalServerError
		var known refused
		if errors.As(err, &known) {
			status = known.status
			fmt.Printf("refused %d %s\n", status, err)
		} else {
			fmt.Printf("failed %s\n", err)
		}
	}
	w.WriteHeader(status)
}

func (r receiver) receive(w http.ResponseWriter, request *http.Request) error {
	if request.Method != http.MethodPost {
		return refused{http.StatusMethodNotAllowed, "a webhook is a POST"}
	}
	// The bytes as they arrive, before anything reads them as JSON: the signature covers them.
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, bodyMaxBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refused{http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes", bodyMaxBytes)}
	}
	if err != nil {
		return refused{http.StatusBadRequest, "the body broke off"}
	}
	delivery := request.Header.Get("X-Sentry-Hook-Delivery")
	if r.standard {
		delivery = request.Header.Get("webhook-id")
		err = checkStandard(r.secrets, body, request.Header, time.Now())
	} else {
		err = checkHex(r.secrets, body, request.Header.Get("X-Sentry-Hook-Signature"))
	}
	if err != nil {
		return err
	}
	if delivery == "" {
		return refused{http.StatusBadRequest, "the delivery has no id"}
	}
	isNew, err := r.seen.begin(delivery)
	if err != nil {
		return err
	}
	if !isNew {
		fmt.Printf("repeated %q\n", delivery)
		return nil
	}
	succeeded := false
	// Deferred, so that a panic ends it too.
	defer func() { r.seen.end(delivery, succeeded) }()
	var event webhook
	if err = json.Unmarshal(body, &event); err == nil {
		err = handle(request.Header.Get("X-Sentry-Hook-Event"), event)
	}
	succeeded = err == nil
	return err
}

func receiverOfEnvironment() (receiver, error) {
	secrets := strings.Fields(os.Getenv("WATCHFIRE_SECRET"))
	form := regexp.MustCompile("^[0-9a-f]{64}$")
	valid := len(secrets) > 0
	for _, secret := range secrets {
		valid = valid && form.MatchString(secret)
	}
	if !valid {
		return receiver{}, errors.New("WATCHFIRE_SECRET must hold the hook's `secret`: 64 hex digits")
	}
	scheme := os.Getenv("WATCHFIRE_VERIFY")
	if scheme != "" && scheme != "hex" && scheme != "standard" {
		return receiver{}, errors.New("WATCHFIRE_VERIFY must be hex or standard")
	}
	return receiver{secrets, scheme == "standard", &deliveries{handling: map[string]bool{}, handled: map[string]bool{}}}, nil
}

func main() {
	log.SetFlags(0)
	handler, err := receiverOfEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "9100"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())
	server := http.Server{Handler: handler, ReadTimeout: readTimeout, IdleTimeout: time.Minute}
	log.Fatal(server.Serve(listener))
}
