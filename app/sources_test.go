package app

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// trailRule raises a finding for each trail that is stopped.
const trailRule = `id: trail-stopped
title: A trail was stopped
story: Each stopped trail has a finding of its own, so that tests can tell them apart.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
finding:
  type: TTPs/Defense Evasion
  title: "${detail.requestParameters.name} was stopped"
  group: "${detail.requestParameters.name}"
`

// onlyRules takes no rules but those of the folder.
const onlyRules = "rules: {bundled: false, paths: [rules]}\n"

// stopped is the CloudTrail record of a stopped trail.
func stopped(trail string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","eventID":"stop-%[1]s","requestID":"request-%[1]s","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com",`+
		`"eventType":"AwsApiCall","eventTime":%[2]q,"awsRegion":%[3]q,"recipientAccountId":%[4]q,"sourceIPAddress":"203.0.113.7","userAgent":"aws-cli",`+
		`"userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::%[4]s:user/mallory","accountId":%[4]q,"userName":"mallory"},`+
		`"requestParameters":{"name":%[1]q},"responseElements":null}`, trail, time.Now().UTC().Format(time.RFC3339), region, ownID)
}

// stoppedEvent is the same as EventBridge delivers it.
func stoppedEvent(trail string) string {
	return fmt.Sprintf(`{"version":"0","id":"event-%s","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail","account":%q,"time":%q,"region":%q,"resources":[],"detail":%s}`,
		trail, ownID, time.Now().UTC().Format(time.RFC3339), region, stopped(trail))
}

// TestSourcesThatAreRead has one event on each way that riposte fetches events by, sent before riposte starts.
func TestSourcesThatAreRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(t, "rules/trail.yaml", trailRule)

	events := w.queue(t, "events", "events.amazonaws.com")
	w.forward(t, "events", `{"source":["aws.cloudtrail"],"detail":{"eventName":["StopLogging"]}}`, "events")
	w.stopTrail(t, region, "by-rule")

	topic := w.queue(t, "topic", "sns.amazonaws.com")
	w.topic(t, "topic", "topic")
	if _, err := sns.NewFromConfig(w.admin).Publish(t.Context(), &sns.PublishInput{
		TopicArn: aws.String(arn("sns", "topic")), Message: aws.String(stoppedEvent("by-topic")),
	}); err != nil {
		t.Fatal(err)
	}

	notices := w.queue(t, "notices", "events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com")
	w.topic(t, "files", "notices")
	w.forward(t, "files", `{"source":["aws.s3"],"detail-type":["Object Created"]}`, "notices")
	w.bucket(t, "to-queue", toQueue("notices"))
	w.bucket(t, "to-topic", toTopic("files"))
	w.bucket(t, "to-bus", toBus())
	for _, bucket := range []string{"to-queue", "to-topic", "to-bus"} {
		w.logFile(t, bucket, stopped(bucket))
	}

	w.group(t, "polled")
	w.line(t, "polled", stopped("polled"))
	w.line(t, "polled", "this is no record")
	w.group(t, "streamed")
	w.subscribe(t, "streamed", w.stream(t, "streamed"))
	w.line(t, "streamed", stopped("streamed"))

	w.stopTrail(t, "us-east-1", "looked-up")

	e := w.start(t, "", onlyRules+fmt.Sprintf(`sources:
  sqs: [{url: %q}, {url: %q}, {url: %q}]
  buckets: [{name: to-queue, owner: %[4]q}, {name: to-topic, owner: %[4]q}, {name: to-bus, owner: %[4]q}]
  log_groups: [{name: polled}]
  kinesis: [{stream: streamed, from: TRIM_HORIZON}]
  lookup_events: {regions: [us-east-1]}
`, events, topic, notices, ownID))
	for _, trail := range []string{"by-rule", "by-topic", "to-queue", "to-topic", "to-bus", "polled", "streamed", "looked-up"} {
		if f := e.finding(t, trail+" was stopped"); f.Severity.Label != "HIGH" {
			t.Errorf("the finding of %s is %+v", trail, f)
		}
		if !e.stored(t, `"name":"`+trail+`"`) {
			t.Errorf("the event of %s is not on disk", trail)
		}
	}
	letters, err := e.bus.DeadLetters(t.Context(), "", 0, 10)
	if err != nil || len(letters) != 1 || letters[0].Source != "logs" || !strings.Contains(string(letters[0].Data), "this is no record") {
		t.Errorf("dead letters %+v, %v", letters, err)
	}
	for _, queue := range []string{events, topic, notices} {
		eventually(t, "what was handled is deleted from "+queue, func() bool { return w.empty(t, queue) })
	}
	parts := e.ready(t.Context()).Parts
	for _, part := range []string{"logs polled", "kinesis streamed", "lookup own account", "sqs events", "sqs topic", "sqs notices", "s3 to-queue"} {
		if parts[part] != "ok" {
			t.Errorf("part %q is %q in %v", part, parts[part], parts)
		}
	}
}

// empty reports whether nothing waits in a queue, nor is in anybody's hands.
func (w *world) empty(t *testing.T, queue string) bool {
	t.Helper()
	out, err := sqs.NewFromConfig(w.admin).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] == "0" && out.Attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
}

// TestSourcesThatDeliver has AWS deliver to riposte over HTTPS: an API destination of EventBridge, and Firehose.
func TestSourcesThatDeliver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(t, "rules/trail.yaml", trailRule)
	e := w.start(t, "", onlyRules)
	id, secret := e.key(t, true)
	w.apiDestination(t, id, secret)
	w.stopTrail(t, region, "by-destination")
	e.finding(t, "by-destination was stopped")

	w.group(t, "hose")
	w.subscribe(t, "hose", w.hose(t, id+":"+secret))
	w.line(t, "hose", stopped("by-firehose"))
	eventually(t, "Firehose has delivered", func() bool {
		if err := w.FlushFirehose(); err != nil {
			t.Fatal(err)
		}
		return e.stored(t, "stop-by-firehose")
	})
	e.finding(t, "by-firehose was stopped")
}

// TestFirehoseNeedsAKeyThatSpeaksForAWS posts as Firehose does.
func TestFirehoseNeedsAKeyThatSpeaksForAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(t, "rules/trail.yaml", trailRule)
	e := w.start(t, "", onlyRules)
	strangerID, strangerSecret := e.key(t, false)
	id, secret := e.key(t, true)
	tests := []struct {
		name, key string
		status    int
		stored    bool
	}{
		{"no key", "", http.StatusUnauthorized, false},
		{"a wrong secret", id + ":wrong", http.StatusUnauthorized, false},
		{"a key that may not speak for AWS", strangerID + ":" + strangerSecret, http.StatusForbidden, false},
		{"a key that may", id + ":" + secret, http.StatusOK, true},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			request := fmt.Sprintf("r-%d", i)
			status, answered := postFirehose(t, e.URL(), tt.key, request, stoppedEvent(request))
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if tt.stored && answered != request {
				t.Errorf("the answer is to request %q, want %q", answered, request)
			}
			if got := e.stored(t, "event-"+request); got != tt.stored {
				t.Errorf("stored: %t, want %t", got, tt.stored)
			}
		})
	}
}

// postFirehose sends one record and returns the request id of the answer.
func postFirehose(t *testing.T, url, key, id, record string) (status int, answered string) {
	t.Helper()
	body := fmt.Sprintf(`{"requestId":%q,"timestamp":%d,"records":[{"data":%q}]}`, id, time.Now().UnixMilli(), base64.StdEncoding.EncodeToString([]byte(record)))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/firehose", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Firehose-Request-Id", id)
	req.Header.Set("X-Amz-Firehose-Protocol-Version", "1.0")
	if key != "" {
		req.Header.Set("X-Amz-Firehose-Access-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		RequestID string `json:"requestId"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	return resp.StatusCode, answer.RequestID
}
