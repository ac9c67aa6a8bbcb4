package outage

import (
	"strings"
	"testing"

	"riposte.dev/sandbox"
)

func TestDiskReserveReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "mixed").fed(t)
	const bucket = "trail-logs"
	q.bucket(t, bucket)
	w.trails(t, "audit")
	e := w.start(t, sources([]*queue{q}, bucket))
	sent := append(w.putEvents(t, 20), "posted-before")
	if err := e.post(t.Context(), "posted-before"); err != nil {
		t.Fatal(err)
	}
	expect(t, sent, e)

	answer := w.holdAnswer(t, "audit")
	e.free.Store(plenty / 200) // half of the reserve
	close(answer)
	w.restarted(t, []string{"audit"}, e) // what was begun is finished
	before := w.calls("ReceiveMessage")
	sent = append(sent, w.putEvents(t, 60)...)
	sent = append(sent, w.putRecords(t, bucket, "file", 300)...)
	says(t, e.trouble(t, "bus"), "disk reserve reached: 512 MiB free, 1024 MiB are kept free", "free space on the file system of "+e.data)
	says(t, e.trouble(t, "sqs mixed"), "messages wait in the queue", "disk reserve reached")
	if e.state(t).Ready {
		t.Error("riposte is ready and takes no events")
	}
	if err := e.post(t.Context(), "posted-while"); err == nil || !strings.Contains(err.Error(), "disk reserve reached") {
		t.Errorf("what is posted while there is no room is answered with %v", err)
	}
	eventually(t, "it has tried a few times", func() bool { return w.calls("ReceiveMessage") >= before+5 })
	during, files := w.calls("ReceiveMessage")-before, w.gets(bucket)
	if waiting, inHand := q.left(t); waiting+inHand < 61 {
		t.Errorf("%d of 61 messages are in the queue while none can be kept", waiting+inHand)
	}
	if during > 60 || files > 20 {
		t.Errorf("%d receives, and %d reads of one file, while nothing can be kept: a storm", during, files)
	}
	if found, err := e.found(t); err != nil || len(found) > 21 {
		t.Errorf("events are taken although there is no room: %d are found, %v", len(found), err)
	}

	e.free.Store(plenty)
	sent = append(sent, q.handOut(t)...)
	expect(t, sent, e)
	e.well(t)
	if n := w.calls("ReceiveMessage") - before - during; n > 150 {
		t.Errorf("%d receives for %d messages afterwards: a storm", n, 61)
	}
	if n := w.gets(bucket) - files; n > 3 {
		t.Errorf("one file was read %d times afterwards", n)
	}
}
