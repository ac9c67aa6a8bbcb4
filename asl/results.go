package asl

import (
	"bytes"
	"encoding/json"
	"time"
)

// MapResult is what became of an iteration.
type MapResult struct {
	Name   string // the iteration's path
	Status Status
	Input  json.RawMessage
	Output json.RawMessage // of one that succeeded
	Error  string
	Cause  string
	Began  time.Time
	Ended  time.Time
}

// Results returns what became of the iterations of the Map state at a path, in order; nil where there is none.
func (x *Execution) Results(path string) []MapResult {
	f := x.Frames[path]
	if f == nil || f.fork == nil {
		return nil
	}
	return f.fork.results
}

// Progress counts the branches or iterations of a Parallel or Map state. Total is 0 while a Map's items are read, and counts items;
// with an ItemBatcher an iteration has several.
type Progress struct{ Total, Begun, Running, Failed int }

// Progress says how far the state at a path is; ok is false where no branches are.
func (x *Execution) Progress(path string) (p Progress, ok bool) {
	f := x.Frames[path]
	if f == nil || f.fork == nil {
		return Progress{}, false
	}
	k := f.fork
	p = Progress{Total: k.total, Begun: k.taken, Running: k.running, Failed: k.failed}
	if f.state.Type == Map && k.ready {
		p.Total = len(k.items)
	}
	return p, true
}

// asObject is the result with what is known of its iteration, by the names that Step Functions gives them.
func (r *MapResult) asObject() any {
	o := objectOf("Name", r.Name, "Status", string(r.Status), "Input", string(r.Input), "InputDetails", objectOf("Included", true))
	if r.Status == Succeeded {
		o.set("Output", string(r.Output))
		o.set("OutputDetails", objectOf("Included", true))
	} else {
		o.set("Error", r.Error)
		o.set("Cause", r.Cause)
	}
	o.set("StartDate", timeText(r.Began))
	o.set("StopDate", timeText(r.Ended))
	return o
}

// transformed is the result as values of a list, by the writer's Transformation. What failed is always told with all that is known.
func (r *MapResult) transformed(transformation string) []json.RawMessage {
	if transformation == "NONE" || r.Status != Succeeded {
		return []json.RawMessage{encode(r.asObject())}
	}
	if transformation == "FLATTEN" && len(r.Output) > 0 && r.Output[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(r.Output, &list); err == nil {
			return list
		}
	}
	return []json.RawMessage{r.Output}
}

// render writes results as the writer says: as a JSON list or as JSON Lines.
func render(results []MapResult, transformation, outputType string) []byte {
	var values []json.RawMessage
	for i := range results {
		values = append(values, results[i].transformed(transformation)...)
	}
	if outputType == "JSONL" {
		var b []byte
		for _, v := range values {
			b = append(append(b, v...), '\n')
		}
		return b
	}
	return append(append([]byte{'['}, bytes.Join(asBytes(values), []byte{','})...), ']')
}

func asBytes(values []json.RawMessage) [][]byte {
	all := make([][]byte, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// ResultFile is a file that a ResultWriter makes.
type ResultFile struct {
	Status Status
	Name   string // such as SUCCEEDED_0.json
	Body   []byte
}

// Files returns the files that tell of the results, one for each status that there is.
func (w *Writer) Files(results []MapResult) []ResultFile {
	transformation, extension := w.Transformation, ".json"
	if transformation == "" {
		transformation = "NONE"
	}
	if w.OutputType == "JSONL" {
		extension = ".jsonl"
	}
	var files []ResultFile
	for _, status := range []Status{Succeeded, Failed} {
		var some []MapResult
		for _, r := range results {
			if (r.Status == Succeeded) == (status == Succeeded) {
				some = append(some, r)
			}
		}
		if len(some) > 0 {
			files = append(files, ResultFile{status, string(status) + "_0" + extension, render(some, transformation, w.OutputType)})
		}
	}
	return files
}

// Manifest is the file manifest.json that a ResultWriter makes beside the others, which stand under folder in the bucket
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html).
func Manifest(bucket, folder, run string, files []ResultFile) []byte {
	lists := map[Status][]any{Succeeded: {}, Failed: {}}
	for _, f := range files {
		lists[f.Status] = append(lists[f.Status], objectOf("Key", folder+"/"+f.Name, "Size", numberOf(len(f.Body))))
	}
	return encode(objectOf("DestinationBucket", bucket, "MapRunArn", run,
		"ResultFiles", objectOf("FAILED", lists[Failed], "PENDING", []any{}, "SUCCEEDED", lists[Succeeded])))
}
