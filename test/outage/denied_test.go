package outage

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

func TestOneBucketOfTenDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "notices")
	var buckets []string
	for i := range 10 {
		buckets = append(buckets, fmt.Sprintf("logs-%d", i))
		q.bucket(t, buckets[i])
	}
	const denied = "logs-7"
	w.setPolicy(t, denied, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::`+account+`:user/riposte"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::`+denied+`/*"}`)
	e := w.start(t, sources([]*queue{q}, buckets...))
	const files, inFile = 5, 4
	var others, late []string
	for i := range files {
		for _, bucket := range buckets {
			ids := w.putRecords(t, bucket, fmt.Sprintf("%s-%d", bucket, i), inFile)
			if bucket == denied {
				late = append(late, ids...)
			} else {
				others = append(others, ids...)
			}
		}
	}
	expect(t, others, e) // while the tenth is denied
	says(t, e.trouble(t, "s3 "+denied), "allow s3:GetObject on arn:aws:s3:::logs-7/")
	for part, text := range e.state(t).Parts {
		if part != "s3 "+denied && text != "ok" {
			t.Errorf("%s is in trouble too: %s", part, text)
		}
	}
	if n := w.gets(denied); n > 3*files {
		t.Errorf("the denied bucket's %d files were asked for %d times: a storm", files, n)
	}

	bucket := denied
	if _, err := w.s3().DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	others = append(others, q.tillEmpty(t, buckets[0])...)
	expect(t, append(others, late...), e)
	e.well(t)
	if n := w.gets(denied); n > 6*files {
		t.Errorf("the denied bucket's %d files were asked for %d times: a storm", files, n)
	}
	if n := w.gets("logs-3"); n != files {
		t.Errorf("the %d files of a good bucket were asked for %d times", files, n)
	}
}

// gets counts how often files of a bucket were asked for.
func (w *world) gets(bucket string) int {
	return len(w.Calls(sandbox.Match{Operation: "GetObject", Principal: riposte, Resource: `"` + bucket + `"`}))
}

// tillEmpty lets the time pass after which riposte tries a bucket again, and once more after that, and waits until the queue
// is empty. It returns the ids of what it puts into a good bucket, so that a receive that waits for messages has one.
func (q *queue) tillEmpty(t *testing.T, good string) (ids []string) {
	t.Helper()
	rounds, next := 0, time.Now()
	eventually(t, "the queue is empty", func() bool {
		if rounds < 4 && time.Now().After(next) {
			q.clock.skip(bucketPause)
			ids = append(ids, q.putRecords(t, good, fmt.Sprintf("%s-round-%d", good, rounds), 1)...)
			rounds, next = rounds+1, time.Now().Add(3*time.Second)
		}
		return q.empty(t)
	})
	return ids
}
