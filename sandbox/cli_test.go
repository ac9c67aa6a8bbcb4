package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"riposte.dev/sandbox"
)

// TestCloudTrailCLI stops a trail and finds who did it with Debian's aws.
func TestCloudTrailCLI(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	arn := w.cli("us-east-1", "cloudtrail", "create-trail", "--name", "main", "--s3-bucket-name", trailBucket, "--query", "TrailARN", "--output", "text")
	w.cli("us-east-1", "cloudtrail", "stop-logging", "--name", arn)
	var found struct {
		Events []struct{ EventName, Username, CloudTrailEvent string }
	}
	out := w.cli("us-east-1", "cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=StopLogging", "--output", "json")
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(found.Events) != 1 || found.Events[0].Username != "root" || !strings.Contains(found.Events[0].CloudTrailEvent, `"requestParameters":{"name":"`+arn+`"}`) {
		t.Errorf("found %+v", found)
	}
	w.cli("us-east-1", "events", "put-events", "--entries", `[{"Source":"shop","DetailType":"order","Detail":"{\"n\":1}"}]`)
	if e := w.delivered(3)[2]; e["source"] != "shop" {
		t.Errorf("delivered %v", e)
	}
	text, err := w.tryCLI("us-east-1", "cloudtrail", "start-logging", "--name", "missing")
	if err == nil || !strings.Contains(text, "(TrailNotFoundException) when calling the StartLogging operation: Unknown trail") {
		t.Errorf("%v: %s", err, text)
	}
}
