package outage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"riposte.dev/sandbox"
)

// topics collects the ids of the records of new topics, as CloudTrail makes them.
type topics struct {
	mu  sync.Mutex
	ids []string
}

func (c *topics) take(envelope []byte) {
	var e struct {
		Detail struct{ EventID, EventName string }
	}
	if json.Unmarshal(envelope, &e) != nil || e.Detail.EventName != "CreateTopic" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids = append(c.ids, e.Detail.EventID)
}

func (c *topics) sent() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.ids...)
}

func TestS3Throttles(t *testing.T) {
	t.Parallel()
	made := &topics{}
	w := newWorld(t, sandbox.Options{OnEvent: made.take})
	q := w.queue(t, "notices")
	const throttled, good = "trail-logs", "other-logs"
	q.bucket(t, throttled)
	q.bucket(t, good)
	trails, name := cloudtrail.NewFromConfig(w.admin), aws.String("audit")
	if _, err := trails.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: name, S3BucketName: aws.String(throttled)}); err != nil {
		t.Fatal(err)
	}
	if _, err := trails.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	end := w.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "s3", Operation: "GetObject", Resource: `"` + throttled + `"`},
		Error: &sandbox.FaultError{Code: "SlowDown", Message: "Please reduce your request rate.", Status: http.StatusServiceUnavailable},
	})
	e := w.start(t, sources([]*queue{q}, throttled, good))

	const files, inFile = 8, 5
	for file := range files {
		for i := range inFile {
			if _, err := sns.NewFromConfig(w.admin).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String(fmt.Sprintf("topic-%d-%d", file, i))}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.DeliverLogFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the sandbox has told of all", func() bool { return len(made.sent()) == files*inFile })
	says(t, e.trouble(t, "s3 "+throttled), "SlowDown", "Please reduce your request rate", "nothing to do if it passes")
	others := w.putRecords(t, good, "good", 10)
	expect(t, others, e) // meanwhile
	if !e.state(t).Ready {
		t.Error("riposte is not ready because S3 throttles one bucket")
	}
	// Each try is up to three calls of the SDK's.
	during := w.gets(throttled)
	if during > 3*2*files {
		t.Errorf("%d files were asked for %d times while S3 throttles: a storm", files, during)
	}
	end()
	others = append(others, q.tillEmpty(t, good)...)
	expect(t, append(others, made.sent()...), e)
	e.well(t)
	if n := w.gets(throttled) - during; n > 2*files {
		t.Errorf("%d files were asked for %d times afterwards: a storm", files, n)
	}
}
