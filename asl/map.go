package asl

import (
	"encoding/json"
	"math"
)

// iterate is what a Map state says of its items
// (https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html).
type iterate struct {
	field       string // ItemProcessor, or Iterator as it was called before
	distributed bool
	items       *Path     // ItemsPath
	itemsOf     *template // Items
	selector    *template // ItemSelector, or Parameters as it was called before

	concurrency, maxItems, batchItems, batchBytes count
	toleratedCount, toleratedPercentage           count

	batchInput      *template
	reader          *Reader
	readerArguments *template
	writer          *Writer
	writerArguments *template
}

// count is a number, fixed or at a path; neither: not given.
type count struct {
	given bool
	fixed float64
	path  *Path
	of    *template // as an expression
}

// distributed reports whether the state is a Map whose iterations have histories of their own.
func (s *State) distributed() bool { return s != nil && s.Type == Map && s.iterate.distributed }

// writer is the state's ResultWriter, nil for none.
func (s *State) writer() *Writer {
	if s.Type != Map {
		return nil
	}
	return s.iterate.writer
}

// prepareMap evaluates what a Map state says beside its items.
func (a *advance) prepareMap(r *Record, f *Frame, s *State, data *scope) error {
	run, it := &MapRun{}, s.iterate
	for _, part := range []struct {
		t  *template
		to *json.RawMessage
	}{{it.readerArguments, &r.Arguments}, {it.writerArguments, &run.Writer}, {it.batchInput, &run.BatchInput}} {
		if part.t == nil {
			continue
		}
		v, err := a.evaluate(f, part.t, data)
		if err != nil {
			return err
		}
		*part.to = encode(v)
	}
	for _, part := range []struct {
		field string
		c     count
		to    *int
	}{{"MaxConcurrency", it.concurrency, &run.Concurrency}, {"MaxItems", it.maxItems, &run.MaxItems},
		{"MaxItemsPerBatch", it.batchItems, &run.BatchItems}, {"MaxInputBytesPerBatch", it.batchBytes, &run.BatchBytes}} {
		n, err := a.count(f, part.field, part.c, data)
		if err != nil {
			return err
		}
		*part.to = int(n)
	}
	if it.toleratedCount.given {
		n, err := a.count(f, "ToleratedFailureCount", it.toleratedCount, data)
		if err != nil {
			return err
		}
		run.ToleratedCount = new(int(n))
	}
	if it.toleratedPercentage.given {
		n, err := a.count(f, "ToleratedFailurePercentage", it.toleratedPercentage, data)
		if err == nil && n > 100 {
			err = runtimeFailure(f, "ToleratedFailurePercentage must be between 0 and 100.")
		}
		if err != nil {
			return err
		}
		run.TolerablePercentage = &n
	}
	r.Map = run
	return nil
}

// count evaluates a number.
func (a *advance) count(f *Frame, field string, c count, data *scope) (float64, error) {
	if c.of != nil {
		most := float64(maxSeconds)
		if field == "ToleratedFailurePercentage" {
			most = 100
		}
		return a.queryNumber(f, c.of, data, most)
	}
	if c.path == nil {
		return c.fixed, nil
	}
	v, err := c.path.find(data)
	if err != nil {
		return 0, notFound(f, c.path.text, field+"Path")
	}
	n, ok := number(v)
	if !ok || field != "ToleratedFailurePercentage" && n != math.Trunc(n) || n > maxSeconds {
		return 0, runtimeFailure(f, "The %sPath field refers to value \"%s\" which is not a valid integer: %s", field, textOr(v), c.path)
	}
	if n < 0 {
		return 0, runtimeFailure(f, "%s cannot be negative.", field)
	}
	return n, nil
}

// textOr is text as it is, and anything else as JSON.
func textOr(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return brief(v)
}

// evaluateItems records the items of a Map that reads none.
func (a *advance) evaluateItems(f *Frame, s *State) error {
	data, err := a.effective(f, s)
	if err != nil {
		return err
	}
	v := data.input
	if s.iterate.items != nil {
		if v, err = s.iterate.items.find(data); err != nil {
			return notFound(f, s.iterate.items.text, "ItemsPath")
		}
	}
	if s.iterate.itemsOf != nil {
		if v, err = a.evaluate(f, s.iterate.itemsOf, data); err != nil {
			return err
		}
	}
	list, ok := v.([]any)
	if !ok && s.iterate.itemsOf != nil {
		return asFailure(f, s.iterate.itemsOf.unexpected("array", v))
	}
	if !ok {
		return runtimeFailure(f, "Reference path \"%s\" must point to array.", pathText(s.iterate.items))
	}
	items, size := make([]json.RawMessage, len(list)), 0
	for i, item := range list {
		items[i] = encode(item)
		size += len(items[i])
	}
	if size > MaxData {
		return failed(ErrDataLimitExceeded, "The items of the state '%s' have %d bytes, over the limit of %d.", s.Name, size, MaxData)
	}
	for _, r := range itemRecords(f.Path, items) {
		a.emit(r)
	}
	return nil
}

func pathText(p *Path) string {
	if p == nil {
		return "$"
	}
	return p.text
}

// batched reports whether an iteration gets several items.
func (k *fork) batched() bool { return k.run.BatchItems > 0 || k.run.BatchBytes > 0 }

// iterationInput evaluates what the next iteration gets, and how many items that takes.
func (a *advance) iterationInput(f *Frame, s *State) (json.RawMessage, int, error) {
	k := f.fork
	if !k.batched() {
		input, err := a.selected(f, s, k.taken)
		return input, 1, err
	}
	head := []byte("{")
	if k.run.BatchInput != nil {
		head = append(append(append(head, `"BatchInput":`...), k.run.BatchInput...), ',')
	}
	batch := append(head, `"Items":[`...)
	taken := 0
	for k.taken+taken < len(k.items) && (k.run.BatchItems == 0 || taken < k.run.BatchItems) {
		item, err := a.selected(f, s, k.taken+taken)
		if err != nil {
			return nil, 0, err
		}
		size, limit := len(batch)+len(item)+len(",]}"), MaxData
		if k.run.BatchBytes > 0 {
			limit = min(limit, k.run.BatchBytes)
		}
		if taken > 0 && size > limit {
			break
		}
		if taken > 0 {
			batch = append(batch, ',')
		}
		batch = append(batch, item...)
		taken++
	}
	return append(batch, "]}"...), taken, nil
}

// selected applies ItemSelector to an item.
func (a *advance) selected(f *Frame, s *State, index int) (json.RawMessage, error) {
	item := f.fork.items[index]
	if s.iterate.selector == nil {
		return item, nil
	}
	value, err := parseValue(item)
	if err != nil {
		return nil, runtimeFailure(f, "An item is not JSON: %v", err)
	}
	probe := *f
	probe.item = objectOf("Index", numberOf(index), "Value", value)
	data, err := a.effective(f, s)
	if err != nil {
		return nil, err
	}
	data.context = func() any { return a.context(&probe) }
	v, err := a.evaluate(f, s.iterate.selector, data)
	if err != nil {
		return nil, err
	}
	return encode(v), nil
}
