package sandbox_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

// hoseRequest is what an HTTP endpoint got from Firehose.
type hoseRequest struct {
	header http.Header
	body   struct {
		RequestID string `json:"requestId"`
		Timestamp int64  `json:"timestamp"`
		Records   []struct {
			Data []byte `json:"data"`
		} `json:"records"`
	}
}

func (r hoseRequest) data() string {
	var all []string
	for _, rec := range r.body.Records {
		all = append(all, string(rec.Data))
	}
	return strings.Join(all, ",")
}

// hoseEndpoint is an HTTP endpoint that answers in turn as it is told, and then well.
type hoseEndpoint struct {
	*httptest.Server
	got chan hoseRequest
}

// answers: "ok", "id" (of another request), or a status.
func newHoseEndpoint(t *testing.T, answers ...string) *hoseEndpoint {
	e := &hoseEndpoint{got: make(chan hoseRequest, 100)}
	e.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := hoseRequest{header: r.Header}
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		if err := json.NewDecoder(body).Decode(&req.body); err != nil {
			t.Error(err)
		}
		answer := "ok"
		if len(answers) > 0 {
			answer, answers = answers[0], answers[1:]
		}
		switch id := req.body.RequestID; answer {
		case "id":
			id = "another"
			fallthrough
		case "ok":
			fmt.Fprintf(w, `{"requestId":%q,"timestamp":1}`, id)
		default:
			var status int
			fmt.Sscan(answer, &status)
			w.WriteHeader(status)
		}
		e.got <- req
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *hoseEndpoint) next(t *testing.T) hoseRequest {
	t.Helper()
	select {
	case r := <-e.got:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("the endpoint got nothing")
		return hoseRequest{}
	}
}

const trustFirehose = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole"}}`

type hoseWorld struct {
	*world
	clock    *fakeClock
	client   *firehose.Client
	endpoint *hoseEndpoint
	role     string
}

func newHoseWorld(t *testing.T, answers ...string) *hoseWorld {
	h := &hoseWorld{clock: newClock(), endpoint: newHoseEndpoint(t, answers...)}
	h.world = newWorld(t, sandbox.Options{Clock: h.clock, HTTPClient: h.endpoint.Client()})
	h.client = firehose.NewFromConfig(h.config(h.root, "us-east-1"))
	var err error
	if h.role, err = h.account.CreateRole("hose", trustFirehose, sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hoseWorld) destination() *types.HttpEndpointDestinationConfiguration {
	return &types.HttpEndpointDestinationConfiguration{
		EndpointConfiguration: &types.HttpEndpointConfiguration{Url: &h.endpoint.URL, Name: aws.String("e"), AccessKey: aws.String("s3cret")},
		BufferingHints:        &types.HttpEndpointBufferingHints{SizeInMBs: aws.Int32(1), IntervalInSeconds: aws.Int32(60)},
		RetryOptions:          &types.HttpEndpointRetryOptions{DurationInSeconds: aws.Int32(60)},
		S3Configuration:       &types.S3DestinationConfiguration{RoleARN: &h.role, BucketARN: aws.String("arn:aws:s3:::backup"), ErrorOutputPrefix: aws.String("err/")},
	}
}

func (h *hoseWorld) create(name string, d *types.HttpEndpointDestinationConfiguration) (string, error) {
	out, err := h.client.CreateDeliveryStream(h.t.Context(), &firehose.CreateDeliveryStreamInput{DeliveryStreamName: &name, HttpEndpointDestinationConfiguration: d})
	if err != nil {
		return "", err
	}
	return *out.DeliveryStreamARN, nil
}

func (h *hoseWorld) put(data ...string) {
	h.t.Helper()
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("h")}
	for _, d := range data {
		in.Records = append(in.Records, types.Record{Data: []byte(d)})
	}
	out, err := h.client.PutRecordBatch(h.t.Context(), in)
	if err != nil || *out.FailedPutCount != 0 || len(out.RequestResponses) != len(data) {
		h.t.Fatalf("%+v, %v", out, err)
	}
}

// wait lets the queue of a delivery stream come to rest, and moves the clock.
func (h *hoseWorld) wait(d time.Duration) {
	h.t.Helper()
	h.clock.awaited(h.t)
	h.clock.advance(d)
}

func TestFirehoseDelivers(t *testing.T) {
	h := newHoseWorld(t)
	d := h.destination()
	d.RequestConfiguration = &types.HttpEndpointRequestConfiguration{
		ContentEncoding:  types.ContentEncodingGzip,
		CommonAttributes: []types.HttpEndpointCommonAttribute{{AttributeName: aws.String("stage"), AttributeValue: aws.String("test")}},
	}
	arn, err := h.create("h", d)
	if err != nil {
		t.Fatal(err)
	}
	h.put("a", "b")
	h.put("c")
	h.wait(59 * time.Second)
	if len(h.endpoint.got) > 0 {
		t.Error("the buffer was sent too early")
	}
	h.clock.advance(time.Second)
	r := h.endpoint.next(t)
	if r.data() != "a,b,c" {
		t.Errorf("records are %s", r.data())
	}
	for name, want := range map[string]string{
		"X-Amz-Firehose-Protocol-Version": "1.0", "X-Amz-Firehose-Request-Id": r.body.RequestID, "X-Amz-Firehose-Source-Arn": arn,
		"X-Amz-Firehose-Access-Key": "s3cret", "X-Amz-Firehose-Common-Attributes": `{"commonAttributes":{"stage":"test"}}`,
		"Content-Type": "application/json", "Content-Encoding": "gzip",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if at := time.UnixMilli(r.body.Timestamp); h.clock.Now().Sub(at) > time.Second {
		t.Errorf("the timestamp is %s, now is %s", at, h.clock.Now())
	}
	// A full buffer doesn't wait, nor does one that the test flushes.
	big := strings.Repeat("x", 600<<10)
	h.put(big, big)
	if r := h.endpoint.next(t); len(r.body.Records) != 1 {
		t.Errorf("%d records came of a full buffer", len(r.body.Records))
	}
	if err := h.FlushFirehose(); err != nil {
		t.Fatal(err)
	}
	if r := h.endpoint.next(t); len(r.data()) != len(big) {
		t.Errorf("flushed were %d bytes", len(r.data()))
	}
}

func TestFirehoseRepeats(t *testing.T) {
	h := newHoseWorld(t, "500", "id", "204", "ok")
	if _, err := h.create("h", h.destination()); err != nil {
		t.Fatal(err)
	}
	h.put("a")
	if err := h.FlushFirehose(); err != nil {
		t.Fatal(err)
	}
	first := h.endpoint.next(t)
	for range 3 {
		for len(h.endpoint.got) == 0 {
			h.wait(time.Second)
		}
		if again := h.endpoint.next(t); again.body.RequestID != first.body.RequestID || again.data() != "a" {
			t.Errorf("repeated as %s: %s, first as %s", again.body.RequestID, again.data(), first.body.RequestID)
		}
	}
}

func TestFirehoseGivesUp(t *testing.T) {
	h := newHoseWorld(t, "413")
	bucket := s3.NewFromConfig(h.config(h.root, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := bucket.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("backup")}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.create("h", h.destination()); err != nil {
		t.Fatal(err)
	}
	h.put("a", "b")
	if err := h.FlushFirehose(); err != nil {
		t.Fatal(err)
	}
	h.endpoint.next(t)
	deadline := time.Now().Add(20 * time.Second)
	for {
		out, err := bucket.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("backup")})
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("no backup: %v", err)
		}
		if len(out.Contents) == 0 {
			continue
		}
		if !strings.HasPrefix(*out.Contents[0].Key, "err/http-endpoint-failed/") {
			t.Errorf("the backup is %s", *out.Contents[0].Key)
		}
		object, err := bucket.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("backup"), Key: out.Contents[0].Key})
		if err != nil {
			t.Fatal(err)
		}
		var line struct{ RawData []byte }
		if err := json.NewDecoder(object.Body).Decode(&line); err != nil || string(line.RawData) != "a" {
			t.Errorf("its first line has %q, %v", line.RawData, err)
		}
		break
	}
}

func TestDeliveryStreamLife(t *testing.T) {
	h, ctx := newHoseWorld(t), t.Context()
	if _, err := h.create("h", h.destination()); err != nil {
		t.Fatal(err)
	}
	_, err := h.create("h", h.destination())
	wantCode(t, err, "ResourceInUseException")
	plain := h.destination()
	plain.EndpointConfiguration.Url = aws.String("http://127.0.0.1/")
	_, err = h.create("i", plain)
	wantCode(t, err, "ValidationException")
	foreign := h.destination()
	foreign.S3Configuration.RoleARN = aws.String("arn:aws:iam::111122223333:role/missing")
	_, err = h.create("i", foreign)
	wantCode(t, err, "InvalidArgumentException")
	_, err = h.create("i", nil)
	wantCode(t, err, "InvalidArgumentException")
	out, err := h.client.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("h")})
	if err != nil {
		t.Fatal(err)
	}
	if d := out.DeliveryStreamDescription.Destinations[0].HttpEndpointDestinationDescription; *d.EndpointConfiguration.Url != h.endpoint.URL || *d.BufferingHints.IntervalInSeconds != 60 {
		t.Errorf("described as %+v", d)
	}
	listed, err := h.client.ListDeliveryStreams(ctx, nil)
	if err != nil || len(listed.DeliveryStreamNames) != 1 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	// The access key is in no record and no journal.
	for _, c := range h.Calls() {
		if strings.Contains(string(c.Params), "s3cret") {
			t.Errorf("the journal has %s", c.Params)
		}
	}
	for _, e := range h.delivered(1) {
		if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), "s3cret") {
			t.Errorf("the record is %s, %v", text, err)
		}
	}
	if _, err := h.client.DeleteDeliveryStream(ctx, &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: aws.String("h")}); err != nil {
		t.Fatal(err)
	}
	_, err = h.client.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("h"), Record: &types.Record{Data: []byte("x")}})
	wantCode(t, err, "ResourceNotFoundException")
}
