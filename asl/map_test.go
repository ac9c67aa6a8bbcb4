package asl

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestMapConcurrency(t *testing.T) {
	for fields, want := range map[string]int{"": maxInline, "MaxConcurrency: 3": 3, "MaxConcurrency: 1000": maxInline, "MaxConcurrencyPath: $.n": 5} {
		h := begin(t, "StartAt: A\nStates: "+mapOfTask(strings.TrimPrefix(fields+", ItemsPath: $.l", ", "), ""), `{"n":5,"l":[`+strings.Repeat("0,", 99)+`0]}`)
		asked := h.goOn()
		if len(asked) != want {
			t.Errorf("%s: %d side by side, want %d", fields, len(asked), want)
		}
		if more := h.apply(Result(asked[0].Path, json.RawMessage(`1`))); len(more) != 1 {
			t.Errorf("%s: one ended, %d began", fields, len(more))
		}
	}
}

func TestToleratedFailures(t *testing.T) {
	const list = `[1,2,3,4]`
	for name, tt := range map[string]struct{ fields, mocks, want string }{
		"none":           {``, `[{"output":1},{"error":"E","cause":"why"}]`, "E: why"},
		"count":          {`ToleratedFailureCount: 1`, `[{"error":"E"},{"error":"E"},{"output":1},{"output":1}]`, ErrExceedTolerated},
		"percentage":     {`ToleratedFailurePercentage: 49`, `[{"error":"E"},{"error":"E"},{"output":1},{"output":1}]`, ErrExceedTolerated},
		"either":         {`ToleratedFailureCount: 9, ToleratedFailurePercentage: 10`, `[{"error":"E"},{"output":1},{"output":1},{"output":1}]`, ErrExceedTolerated},
		"enough":         {`ToleratedFailurePercentage: 50`, `[{"error":"E","cause":"why"},{"error":"E"},{"output":1},{"output":2}]`, `"Input":"1","InputDetails":{"Included":true},"Error":"E","Cause":"why"`},
		"a batch counts": {`ToleratedFailureCount: 1, ItemBatcher: {MaxItemsPerBatch: 2}`, `[{"error":"E"},{"output":1}]`, ErrExceedTolerated},
		"at a path":      {`ToleratedFailurePercentagePath: "$[3]"`, `[{"error":"E"},{"error":"E"},{"output":1},{"output":1}]`, ErrExceedTolerated},
	} {
		t.Run(name, func(t *testing.T) {
			x, _ := parse(t, "StartAt: A\nStates: "+mapOfTask(tt.fields, "")).Simulate(json.RawMessage(list), mocksOf(t, tt.mocks), env())
			if got := x.Error + ": " + x.Cause + string(x.Output); !strings.Contains(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

const distributedMap = `
StartAt: A
States:
  A:
    Type: Map
    Label: Some
    ItemReader:
      Resource: arn:aws:states:::s3:getObject
      ReaderConfig: {InputType: CSV, CSVHeaderLocation: FIRST_ROW, CSVDelimiter: TAB, MaxItemsPath: $.most}
      Parameters: {Bucket.$: $.bucket, Key: k}
    ResultWriter: {Resource: "arn:aws:states:::s3:putObject", Parameters: {Bucket.$: $.bucket, Prefix: p}}
    ToleratedFailurePercentage: 50
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: EXPRESS}
      StartAt: B
      States: {B: {Type: Task, Resource: x, End: true}}
    Retry: [{ErrorEquals: [States.ItemReaderFailed]}]
    Catch: [{ErrorEquals: [States.ResultWriterFailed], ResultPath: $.error, Next: C}]
    ResultPath: $.written
    End: true
  C: {Type: Pass, End: true}
`

func TestDistributedMap(t *testing.T) {
	h := begin(t, distributedMap, `{"bucket":"b","most":2}`)
	c := h.goOn()
	if len(c) != 1 || c[0].Action != ReadItems || string(c[0].Arguments) != `{"Bucket":"b","Key":"k"}` || c[0].Reader.MaxItems != 2 || c[0].Reader.CSVDelimiter != "TAB" {
		t.Fatalf("asks for %+v", c)
	}
	h.apply(Failure("", ErrItemReaderFailed, "not today"))
	if c = h.later(time.Second); len(c) != 1 || c[0].Action != ReadItems || c[0].Attempt != 1 {
		t.Fatalf("asks for %+v", c)
	}
	if c = h.apply(ItemRecords("", []json.RawMessage{json.RawMessage(`{"a":"1"}`), json.RawMessage(`{"a":"2"}`)})...); paths(c) != "A:2/0 A:2/1" {
		t.Fatalf("asks for %s", paths(c))
	}
	if p, ok := h.x.Progress(""); !ok || p != (Progress{Total: 2, Begun: 2, Running: 2}) {
		t.Errorf("progress %+v", p)
	}
	h.apply(Result("A:2/1", json.RawMessage(`[9]`)))
	if c = h.apply(Failure("A:2/0", "E", "why")); len(c) != 1 || c[0].Action != WriteResults || string(c[0].Arguments) != `{"Bucket":"b","Prefix":"p"}` {
		t.Fatalf("asks for %+v", c)
	}
	files := c[0].Writer.Files(h.x.Results(c[0].Path))
	if len(files) != 2 || files[0].Name != "SUCCEEDED_0.json" || !strings.Contains(string(files[0].Body), `"Input":"{\"a\":\"2\"}"`) || !strings.Contains(string(files[1].Body), `"Cause":"why"`) {
		t.Errorf("writes %s", files)
	}
	if m := string(Manifest("b", "p/1", "run", files)); !strings.Contains(m, `"FAILED":[{"Key":"p/1/FAILED_0.json","Size":`) || !json.Valid([]byte(m)) {
		t.Errorf("manifest %s", m)
	}
	events := h.x.Events
	h.apply(Result("", json.RawMessage(`{"MapRunArn":"r"}`)))
	h.wants(Succeeded, `{"bucket":"b","most":2,"written":{"MapRunArn":"r"}}`)
	if events > 12 {
		t.Errorf("%d events: those of the iterations are counted", events)
	}
}

func TestTooManyItems(t *testing.T) {
	huge := json.RawMessage(`"` + strings.Repeat("x", 300<<10) + `"`)
	items := make([]json.RawMessage, 10)
	for i := range items {
		items[i] = huge
	}
	records := ItemRecords("", items)
	if len(records) != 10 || !records[8].More || records[9].More {
		t.Errorf("%d records", len(records))
	}
	for len(items) < 300 {
		items = append(items, items[:10]...)
	}
	if records = ItemRecords("", items); len(records) != 1 || records[0].Error != ErrItemReaderFailed {
		t.Errorf("%d records, the first %s", len(records), records[0].Error)
	}
}

func TestResultFormats(t *testing.T) {
	for config, want := range map[string]string{
		`{Transformation: FLATTEN}`:                    `[1,2,3]`,
		`{Transformation: COMPACT}`:                    `[[1,2],3]`,
		`{Transformation: FLATTEN, OutputType: JSONL}`: `"1\n2\n3\n"`,
	} {
		x, _ := parse(t, "StartAt: A\nStates: "+strings.Replace(mapOf("ResultWriter: {WriterConfig: "+config+"}"), "{StartAt", "{ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}, StartAt", 1)).
			Simulate(json.RawMessage(`[[1,2],3]`), nil, env())
		if string(x.Output) != want {
			t.Errorf("%s: %s %s, want %s", config, x.Output, x.Cause, want)
		}
	}
}
