package outage

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"riposte.dev/sandbox"
)

func TestSIGTERMWhileAQueueIsDrained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "events").fed(t)
	e := w.prepare(t, sources([]*queue{q}))
	const events = 300
	sent := w.putEvents(t, events)
	eventually(t, "all events are in the queue", func() bool { waiting, _ := q.left(t); return waiting == events })
	slowly := w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "ReceiveMessage"}, Delay: time.Second})
	first := e.launch(t)
	eventually(t, "a part is deleted", func() bool { waiting, inHand := q.left(t); return waiting+inHand < events })
	if how := first.End(t, syscall.SIGTERM); !how.Success() {
		t.Errorf("after SIGTERM it ended with %s", how)
	}
	slowly()
	waiting, inHand := q.left(t)
	t.Logf("%d messages wait after SIGTERM, and %d are in nobody's hands any more", waiting, inHand)
	if waiting == 0 {
		t.Error("the queue was drained before SIGTERM; the test does not reach what it is about")
	}
	w.clock.skip(visibility)
	handed := w.calls("ReceiveMessage")
	expect(t, sent, e.launch(t).engine)
	eventually(t, "the queue is empty", func() bool { return q.empty(t) })
	if n := w.calls("ReceiveMessage") - handed; n > events {
		t.Errorf("%d receives for %d messages: a storm", n, waiting)
	}
}

func TestKilledInTheMiddleOfAFile(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			q := w.queue(t, "notices")
			const bucket = "trail-logs"
			q.bucket(t, bucket)
			e := w.prepare(t, sources([]*queue{q}, bucket))
			first := e.launch(t)
			half := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.half(rw, r) })
			const inFile = 1000 // half of it is more than what is handed over at a time
			w.front.Store(&half)
			sent := w.putRecords(t, bucket, "large", inFile)
			some := 0
			eventually(t, "a part of the file is found", func() bool {
				found, err := e.found(t)
				some = len(found)
				return err == nil && some > 0
			})
			if how := first.End(t, signal); how.Success() != (signal == syscall.SIGTERM) {
				t.Errorf("after the signal it ended with %s", how)
			}
			w.front.Store(nil)
			if t.Logf("%d of %d records were found before the signal", some, inFile); some == inFile {
				t.Error("the whole file was found before the signal; the test does not reach what it is about")
			}
			if signal == syscall.SIGKILL {
				w.clock.skip(visibility) // the notice was in the hands of the dead
			}
			second := e.launch(t)
			expect(t, sent, second.engine)
			eventually(t, "the queue is empty", func() bool { return q.empty(t) })
			e.well(t)
			if n := w.calls("GetObject"); n > 3 {
				t.Errorf("one file was asked for %d times", n)
			}
		})
	}
}

// half answers a request for a file with the first half of its bytes, and then with nothing until the caller is gone.
func (w *world) half(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, ".json.gz") {
		w.Handler().ServeHTTP(rw, r)
		return
	}
	whole := httptest.NewRecorder()
	w.Handler().ServeHTTP(whole, r)
	body := whole.Body.Bytes()
	maps.Copy(rw.Header(), whole.Header())
	rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = rw.Write(body[:len(body)/2])
	_ = http.NewResponseController(rw).Flush()
	<-r.Context().Done()
}
