package asl

import (
	"slices"
	"strings"

	"riposte.dev/conf"
)

func (p *parser) parallel(n *conf.Node, path string, s *State) {
	var f parallelFields
	p.decode(n, path, &f)
	p.next(f.nextFields, n, path, s)
	s.Comment = f.Comment
	s.input, s.output, s.result = f.InputPath, f.OutputPath, pathOption(f.ResultPath)
	arguments, field := p.arguments(f.Parameters, f.Arguments)
	s.parameters, s.selector = p.template(arguments, path+field), p.template(f.ResultSelector, path+".ResultSelector")
	s.assign, s.produce = p.assign(f.assignFields, path), p.template(f.Output, path+".Output")
	p.failures(f.failureFields, path, s)
	if list := n.Get("Branches"); list != nil && list.Kind == conf.List && len(list.Items) == 0 {
		p.fail(path+".Branches", "", "Branches must be a list with at least one branch")
	}
	for i, branch := range f.Branches {
		s.Branches = append(s.Branches, p.branch(branch, s.branchPath(path, i)))
	}
}

// branch reads a branch of a Parallel state.
func (p *parser) branch(n *conf.Node, path string) *Flow {
	var f flowFields
	p.decode(n, path, &f)
	return p.flow(f, path)
}

// processor reads what a Map does with each item.
func (p *parser) processor(n *conf.Node, path string, it *iterate) *Flow {
	var f processorFields
	p.decode(n, path, &f)
	switch f.ProcessorConfig.Mode {
	case "", "INLINE":
		if f.ProcessorConfig.ExecutionType != "" {
			p.fail(path+".ProcessorConfig.ExecutionType", "write Mode: DISTRIBUTED, or remove it", "ExecutionType is for Mode: DISTRIBUTED")
		}
	case "DISTRIBUTED":
		it.distributed = true
		if kind := f.ProcessorConfig.ExecutionType; kind != "STANDARD" && kind != "EXPRESS" {
			p.fail(path+".ProcessorConfig", "add ExecutionType: STANDARD", "Mode: DISTRIBUTED needs an ExecutionType, STANDARD or EXPRESS")
		}
	default:
		p.fail(path+".ProcessorConfig.Mode", "write INLINE or DISTRIBUTED", "there is no mode %q", f.ProcessorConfig.Mode)
	}
	return p.flow(f.flowFields, path)
}

// flow reads states that lead to one another.
func (p *parser) flow(f flowFields, path string) *Flow {
	flow := &Flow{StartAt: f.StartAt, States: map[string]*State{}}
	if f.States != nil {
		p.states(f.States, within(path, "States"), flow)
	}
	p.flows = append(p.flows, flowAt{flow, path})
	return flow
}

func (p *parser) mapState(n *conf.Node, path string, s *State) {
	var f mapFields
	p.decode(n, path, &f)
	p.next(f.nextFields, n, path, s)
	it := &iterate{field: "ItemProcessor"}
	s.iterate = it
	s.Comment = f.Comment
	s.input, s.output, s.result, it.items = f.InputPath, f.OutputPath, pathOption(f.ResultPath), f.ItemsPath
	s.selector, s.assign = p.template(f.ResultSelector, path+".ResultSelector"), p.assign(f.assignFields, path)
	s.produce, it.itemsOf = p.template(f.Output, path+".Output"), p.items(f.Items, path+".Items")
	p.failures(f.failureFields, path, s)

	processor := p.either(n, path, "ItemProcessor", "Iterator", f.ItemProcessor, f.Iterator)
	if processor == nil {
		p.fail(path, "add ItemProcessor: {StartAt: …, States: …}", "the Map state %q has no ItemProcessor", s.Name)
		s.Branches = []*Flow{{States: map[string]*State{}}}
	} else {
		if processor == f.Iterator {
			it.field = "Iterator"
		}
		s.Branches = []*Flow{p.processor(processor, s.branchPath(path, 0), it)}
	}
	selector, field := p.either(n, path, "ItemSelector", "Parameters", f.ItemSelector, f.Parameters), "ItemSelector"
	if selector != nil && selector == f.Parameters {
		field = "Parameters"
	}
	it.selector = p.template(selector, path+"."+field)
	it.concurrency = p.count(f.MaxConcurrency, f.MaxConcurrencyPath, path, "MaxConcurrency", 0)
	it.toleratedCount = p.count(f.ToleratedFailureCount, f.ToleratedFailureCountPath, path, "ToleratedFailureCount", 0)
	it.toleratedPercentage = p.count(f.ToleratedFailurePercentage, f.ToleratedFailurePercentagePath, path, "ToleratedFailurePercentage", 0)
	if it.toleratedPercentage.fixed > 100 {
		p.fail(path+".ToleratedFailurePercentage", "", "ToleratedFailurePercentage must be from 0 to 100")
	}
	p.batcher(f.ItemBatcher, path+".ItemBatcher", it)
	p.reader(n, f, path, it)
	p.writer(n, f, path, it)
	if len(f.Label) > 40 || strings.ContainsAny(f.Label, " \t\n<>{}[]?*\"#%\\^|~`$&,;:/") {
		p.fail(path+".Label", "use up to 40 letters, digits, - and _", "the label %q is too long or has characters that it may not have", f.Label)
	}
}

// either returns the one of two fields that is there.
func (p *parser) either(n *conf.Node, path, name, before string, field, legacy *conf.Node) *conf.Node {
	if field != nil && legacy != nil {
		p.fail(path+"."+before, "keep "+name, "%s and %s exclude each other", name, before)
	}
	if field != nil {
		return field
	}
	return legacy
}

// count reads a number that may stand at a path instead.
func (p *parser) count(q quantity, at *Path, path, field string, least float64) count {
	fixed := q.fixed
	c := count{given: fixed != nil || at != nil || q.expression != nil, path: at, of: p.expression(q.expression, path+"."+field)}
	if fixed != nil && at != nil {
		p.fail(path+"."+field+"Path", "keep one of them", "%s and %sPath exclude each other", field, field)
	}
	if fixed == nil {
		return c
	}
	c.fixed = *fixed
	whole := c.fixed == float64(int64(c.fixed)) || field == "ToleratedFailurePercentage"
	if c.fixed < least || c.fixed > maxSeconds || !whole {
		p.fail(path+"."+field, "", "%s must be a whole number from %v to %d", field, least, maxSeconds)
	}
	return c
}

func (p *parser) batcher(f *batcherFields, path string, it *iterate) {
	if f == nil {
		return
	}
	it.batchItems = p.count(f.MaxItemsPerBatch, f.MaxItemsPerBatchPath, path, "MaxItemsPerBatch", 1)
	it.batchBytes = p.count(f.MaxInputBytesPerBatch, f.MaxInputBytesPerBatchPath, path, "MaxInputBytesPerBatch", 1)
	it.batchInput = p.template(f.BatchInput, path+".BatchInput")
	if !it.batchItems.given && !it.batchBytes.given {
		p.fail(path, "add MaxItemsPerBatch", "ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch")
	}
	if it.batchBytes.fixed > MaxData {
		p.fail(path+".MaxInputBytesPerBatch", "", "MaxInputBytesPerBatch must be at most %d", MaxData)
	}
}

func (p *parser) reader(n *conf.Node, f mapFields, path string, it *iterate) {
	r := f.ItemReader
	if r == nil {
		return
	}
	path += ".ItemReader"
	p.onlyDistributed(n, path, "ItemReader", it)
	c := r.ReaderConfig
	it.reader = &Reader{Resource: r.Resource, InputType: c.InputType, CSVHeaderLocation: c.CSVHeaderLocation, CSVHeaders: c.CSVHeaders, CSVDelimiter: c.CSVDelimiter}
	arguments, name := p.arguments(r.Parameters, r.Arguments)
	if arguments == nil {
		p.fail(path, "add "+name[1:], "ItemReader says not where the items are")
	}
	it.readerArguments = p.template(arguments, path+name)
	it.maxItems = p.count(c.MaxItems, c.MaxItemsPath, path+".ReaderConfig", "MaxItems", 1)
	config := path + ".ReaderConfig"
	switch r.Resource {
	case "arn:aws:states:::s3:listObjectsV2":
		if c.InputType != "" {
			p.fail(config+".InputType", "remove it", "a list of objects has no InputType")
		}
		return
	case "arn:aws:states:::s3:getObject":
	default:
		p.fail(path+".Resource", "write arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2", "items can't be read by %q", r.Resource)
		return
	}
	known := []string{"JSON", "JSONL", "CSV"}
	if !slices.Contains(known, c.InputType) {
		p.fail(config, "add InputType: "+strings.Join(known, ", "), "an object needs an InputType of %s, not %q", strings.Join(known, ", "), c.InputType)
	}
	if c.InputType != "CSV" {
		if c.CSVHeaderLocation != "" || c.CSVHeaders != nil || c.CSVDelimiter != "" {
			p.fail(config, "", "CSVHeaderLocation, CSVHeaders and CSVDelimiter are for InputType: CSV")
		}
		return
	}
	if c.CSVHeaderLocation != "FIRST_ROW" && c.CSVHeaderLocation != "GIVEN" {
		p.fail(config, "add CSVHeaderLocation: FIRST_ROW or GIVEN", "InputType: CSV needs CSVHeaderLocation, FIRST_ROW or GIVEN")
	}
	if (c.CSVHeaderLocation == "GIVEN") != (len(c.CSVHeaders) > 0) {
		p.fail(config, "", "CSVHeaders are given with CSVHeaderLocation: GIVEN, and only then")
	}
	if _, ok := delimiters()[c.CSVDelimiter]; !ok {
		p.fail(config+".CSVDelimiter", "write COMMA, PIPE, SEMICOLON, SPACE or TAB", "there is no delimiter %q", c.CSVDelimiter)
	}
}

// delimiters are those of CSV files by their names; COMMA is the one without a name.
func delimiters() map[string]rune {
	return map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}
}

func (p *parser) onlyDistributed(n *conf.Node, path, field string, it *iterate) {
	if !it.distributed {
		p.fail(path, "add ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD} to the ItemProcessor", "%s is for a distributed Map", field)
	}
}

func (p *parser) writer(n *conf.Node, f mapFields, path string, it *iterate) {
	w := f.ResultWriter
	if w == nil {
		return
	}
	path += ".ResultWriter"
	p.onlyDistributed(n, path, "ResultWriter", it)
	it.writer = &Writer{Resource: w.Resource, Transformation: w.WriterConfig.Transformation, OutputType: w.WriterConfig.OutputType}
	if w.Resource == "" && w.WriterConfig == (writerConfigFields{}) {
		p.fail(path, "add Resource and Parameters, WriterConfig, or both", "ResultWriter says nothing")
	}
	if w.Resource != "" && w.Resource != "arn:aws:states:::s3:putObject" {
		p.fail(path+".Resource", "write arn:aws:states:::s3:putObject", "results can't be written by %q", w.Resource)
	}
	arguments, name := p.arguments(w.Parameters, w.Arguments)
	if (w.Resource == "") != (arguments == nil) {
		p.fail(path, "", "Resource and %s of ResultWriter belong together", name[1:])
	}
	it.writerArguments = p.template(arguments, path+name)
	if t := w.WriterConfig.Transformation; t != "" && t != "NONE" && t != "COMPACT" && t != "FLATTEN" {
		p.fail(path+".WriterConfig.Transformation", "write NONE, COMPACT or FLATTEN", "there is no transformation %q", t)
	}
	if t := w.WriterConfig.OutputType; t != "" && t != "JSON" && t != "JSONL" {
		p.fail(path+".WriterConfig.OutputType", "write JSON or JSONL", "there is no output type %q", t)
	}
}
