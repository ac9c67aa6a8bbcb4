package asl

// Reader says where a distributed Map's items are, beside the arguments of the command
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html).
type Reader struct {
	Resource          string // arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2
	InputType         string // of an object: JSON, JSONL or CSV; "" for a list of objects
	CSVHeaderLocation string // FIRST_ROW or GIVEN
	CSVHeaders        []string
	CSVDelimiter      string // COMMA, PIPE, SEMICOLON, SPACE or TAB
	MaxItems          int    // 0: all
}

// with returns the reader with what was evaluated.
func (r Reader) with(run *MapRun) *Reader {
	r.MaxItems = run.MaxItems
	return &r
}

// Writer says how a distributed Map's results are written, beside the arguments of the command
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html).
type Writer struct {
	Resource       string // arn:aws:states:::s3:putObject
	Transformation string // NONE, COMPACT or FLATTEN
	OutputType     string // JSON or JSONL
}
