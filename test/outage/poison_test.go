package outage

import (
	"strings"
	"testing"

	"riposte.dev/sandbox"
)

func TestPoison(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "mixed").fed(t)
	const bucket = "trail-logs"
	q.bucket(t, bucket)
	e := w.start(t, sources([]*queue{q}, bucket))

	sent := w.putEvents(t, 20)
	sent = append(sent, w.putRecords(t, bucket, "good", 20)...)
	texts, ids := records("mixed", 10)
	sent = append(sent, ids...)
	texts[4] = texts[4] + `,{"eventName":"RunInstances"}`
	w.put(t, bucket, "mixed", logFile(t, texts))
	w.put(t, bucket, "plain", []byte(`{"Records":[`+record("plain")+`]}`))
	texts, cut := records("cut", 10)
	whole := logFile(t, texts)
	w.put(t, bucket, "cut", whole[:len(whole)-20])
	w.put(t, bucket, "empty", nil)
	w.put(t, bucket, "bomb", packed(t, `{"Records":[`+record("bomb")+strings.Repeat(" ", 70<<20)))
	w.put(t, bucket, "words", packed(t, "These are no records."))

	uri := "s3://" + bucket + "/"
	reasons := map[string]string{ // by key
		uri + logKey("mixed") + "#5":               "eventName, eventSource and eventID are required",
		uri + logKey("plain"):                      "not a gzip file",
		uri + logKey("cut"):                        "cut off",
		uri + logKey("empty"):                      "not a gzip file",
		uri + logKey("bomb"):                       "grows more than",
		uri + logKey("words"):                      "not a CloudTrail log file",
		"mixed/" + q.send(t, "no JSON"):            "event is not",
		"mixed/" + q.send(t, `{"what":"is this"}`): "send the whole EventBridge envelope",
		"mixed/" + q.send(t, `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"not-ours"},"object":{"key":"`+logKey("a")+`"}}}]}`): "not configured",
	}
	sent = append(sent, w.putEvents(t, 20)...)

	eventually(t, "the queue is empty", func() bool { return q.empty(t) })
	letters := e.letters(t)
	for key, reason := range reasons {
		if !strings.Contains(letters[key], reason) {
			t.Errorf("the dead letter %s says %q, not %q", key, letters[key], reason)
		}
	}
	if len(letters) != len(reasons) {
		t.Errorf("there are %d dead letters: %v", len(letters), letters)
	}
	findOnce(t, append(sent, cut[:5]...), append(cut, "bomb"), e) // what came before the cut is good
	e.well(t)                                                     // poison is not an outage
	if n := w.calls("GetObject"); n > 3*7 {
		t.Errorf("7 files were asked for %d times: a storm", n)
	}
	if n := w.calls("ReceiveMessage"); n > 200 {
		t.Errorf("%d receives: a storm", n)
	}
}
