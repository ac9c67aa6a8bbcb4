package integration_test

import (
	"encoding/json"
	"strings"
	"testing"

	"riposte.dev/asl"
)

func TestReadItems(t *testing.T) {
	w := newWorld(t)
	w.must(states+"aws-sdk:s3:createBucket", `{"Bucket":"evidence","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}`)
	put := func(key, body string) {
		w.must(states+"aws-sdk:s3:putObject", `{"Bucket":"evidence","Key":"`+key+`","Body":`+quoted(body)+`}`)
	}
	put("in/list.json", `[{"a":1}, 2, "three"]`)
	put("in/object.json", `{"a":1}`)
	put("in/lines.jsonl", "{\"a\":1}\n\n[2]\n")
	put("in/broken.jsonl", "{\"a\":1}\n{\n")
	put("in/rows.csv", "\ufeffhost,owner\nh1,ana\nh2,\"b, c\"\nh3\n")
	put("in/pipe.csv", "h1|ana\n")
	const get, list = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"
	for _, tt := range []struct {
		name, arguments string
		reader          asl.Reader
		want, says      string
	}{
		{"JSON", `{"Bucket":"evidence","Key":"in/list.json"}`, asl.Reader{Resource: get, InputType: "JSON"}, `[{"a":1},2,"three"]`, ""},
		{"at most 2", `{"Bucket":"evidence","Key":"in/list.json"}`, asl.Reader{Resource: get, InputType: "JSON", MaxItems: 2}, `[{"a":1},2]`, ""},
		{"no list", `{"Bucket":"evidence","Key":"in/object.json"}`, asl.Reader{Resource: get, InputType: "JSON"}, "", "not a JSON list"},
		{"JSONL", `{"Bucket":"evidence","Key":"in/lines.jsonl"}`, asl.Reader{Resource: get, InputType: "JSONL"}, `[{"a":1},[2]]`, ""},
		{"a broken line", `{"Bucket":"evidence","Key":"in/broken.jsonl"}`, asl.Reader{Resource: get, InputType: "JSONL"}, "", "line 2"},
		{"CSV", `{"Bucket":"evidence","Key":"in/rows.csv"}`, asl.Reader{Resource: get, InputType: "CSV", CSVHeaderLocation: "FIRST_ROW"},
			`[{"host":"h1","owner":"ana"},{"host":"h2","owner":"b, c"},{"host":"h3"}]`, ""},
		{"CSV with given names", `{"Bucket":"evidence","Key":"in/pipe.csv"}`, asl.Reader{Resource: get, InputType: "CSV", CSVHeaderLocation: "GIVEN", CSVHeaders: []string{"h", "o"}, CSVDelimiter: "PIPE"},
			`[{"h":"h1","o":"ana"}]`, ""},
		{"nothing there", `{"Bucket":"evidence","Key":"x"}`, asl.Reader{Resource: get, InputType: "JSON"}, "", "NoSuchKey"},
		{"no such parameter", `{"Buckets":"b"}`, asl.Reader{Resource: get, InputType: "JSON"}, "", "no such parameter"},
		{"another resource", `{}`, asl.Reader{Resource: "arn:aws:states:::s3:putObject"}, "", "can't be read by"},
	} {
		items, err := w.set.ReadItems(t.Context(), task(tt.arguments), tt.reader)
		got, _ := json.Marshal(items)
		if tt.says == "" && (err != nil || string(got) != tt.want) || tt.says != "" && (name(err) != "States.ItemReaderFailed" || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %s, %v", tt.name, got, err)
		}
	}
	items, err := w.set.ReadItems(t.Context(), task(`{"Bucket":"evidence","Prefix":"in/"}`), asl.Reader{Resource: list, MaxItems: 3})
	var first struct {
		Etag, Key, StorageClass string
		LastModified, Size      int64
	}
	if err != nil || len(items) != 3 || json.Unmarshal(items[0], &first) != nil || first.Key != "in/broken.jsonl" || first.Size != 10 || first.LastModified == 0 || first.Etag == "" {
		t.Errorf("%s, %v", items, err)
	}
}

func TestResultWriter(t *testing.T) {
	w := newWorld(t)
	w.must(states+"aws-sdk:s3:createBucket", `{"Bucket":"evidence","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}`)
	results := []asl.MapResult{{Name: "0", Status: asl.Succeeded, Output: json.RawMessage(`{"a":1}`)}, {Name: "1", Status: asl.Failed, Error: "E", Cause: "c"}}
	write := w.set.Writer(asl.Writer{Transformation: "COMPACT", OutputType: "JSON"}, results)
	planned, err := write.Plan(t.Context(), task(`{"Bucket":"evidence","Prefix":"runs"}`))
	if err != nil || planned.Plan.Items[0].Resource.ARN != "arn:aws:s3:::evidence" || !write.Repeatable(t.Context(), task(`{}`)) {
		t.Errorf("%+v, %v", planned, err)
	}
	var first string
	for range 2 { // the same effect: the same files
		out, err := write.Call(t.Context(), task(`{"Bucket":"evidence","Prefix":"runs"}`))
		if err != nil || first != "" && string(out) != first {
			t.Errorf("%s, %v", out, err)
		}
		first = string(out)
	}
	var where struct {
		ResultWriterDetails struct{ Bucket, Key string }
	}
	if err := json.Unmarshal([]byte(first), &where); err != nil || !strings.HasPrefix(where.ResultWriterDetails.Key, "runs/") {
		t.Fatalf("%v: %s", err, first)
	}
	manifest := w.must(states+"aws-sdk:s3:getObject", `{"Bucket":"evidence","Key":"`+where.ResultWriterDetails.Key+`"}`)
	if !strings.Contains(manifest, "SUCCEEDED_0.json") || !strings.Contains(manifest, "FAILED_0.json") {
		t.Errorf("manifest %s", manifest)
	}
	if got := w.must(states+"aws-sdk:s3:getObject", `{"Bucket":"evidence","Key":"`+strings.Replace(where.ResultWriterDetails.Key, "manifest", "SUCCEEDED_0", 1)+`"}`); !strings.Contains(got, `[{\"a\":1}]`) {
		t.Errorf("results %s", got)
	}
	if _, err := write.Call(t.Context(), task(`{"Bucket":"gone"}`)); name(err) != "States.ResultWriterFailed" {
		t.Errorf("no bucket: %v", err)
	}
	if _, err := write.Call(t.Context(), task(`{"Prefix":"x"}`)); name(err) != "fault invalid" {
		t.Errorf("no name of a bucket: %v", err)
	}
}
