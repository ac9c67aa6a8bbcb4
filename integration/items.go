package integration

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action/awscall"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// ReadItems reads the items of a distributed Map from S3
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html).
func (s *Set) ReadItems(ctx context.Context, t playbook.TaskCall, r asl.Reader) ([]json.RawMessage, error) {
	items, err := s.readItems(ctx, t, r)
	var known *Error
	switch {
	case err == nil || ctx.Err() != nil || errors.As(err, &known):
		return items, err
	default:
		return nil, &Error{Name: asl.ErrItemReaderFailed, Cause: err.Error()}
	}
}

func (s *Set) readItems(ctx context.Context, t playbook.TaskCall, r asl.Reader) ([]json.RawMessage, error) {
	base, _ := cutStates(r.Resource)
	name := map[string]string{"s3:getObject": "GetObject", "s3:listObjectsV2": "ListObjectsV2"}[base]
	if name == "" {
		return nil, fault.New(fault.Invalid, "items can't be read by %s", r.Resource)
	}
	parameters := t.Arguments
	if len(parameters) == 0 {
		parameters = json.RawMessage("{}")
	}
	in, err := decode(parameters, s.services["s3"].method(name).input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", base, err)
	}
	cfg, err := s.caller.opts.AWS(ctx, "", "")
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(awscall.WithReceipts(cfg, s.caller.opts.Now), func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })
	if list, ok := in.Interface().(*s3.ListObjectsV2Input); ok {
		return listItems(ctx, client, list, r.MaxItems)
	}
	out, err := client.GetObject(ctx, in.Interface().(*s3.GetObjectInput))
	if err != nil {
		return nil, awscall.Fault(err, "s3:GetObject", "read the items")
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, asl.MaxItems+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the items: %w", err)
	case len(text) > asl.MaxItems:
		return nil, fault.New(fault.TooLarge, "the object has more than %d bytes", asl.MaxItems)
	}
	return itemsOf(bytes.TrimPrefix(text, []byte("\ufeff")), r)
}

// listItems are the objects of a bucket, by the names that Step Functions has for their members.
func listItems(ctx context.Context, client *s3.Client, in *s3.ListObjectsV2Input, most int) ([]json.RawMessage, error) {
	type object struct {
		Etag         string
		Key          string
		LastModified int64 // s since 1970
		Size         int64
		StorageClass string
	}
	items := []json.RawMessage{}
	size := 0
	for pages := s3.NewListObjectsV2Paginator(client, in); pages.HasMorePages() && !enough(items, most); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "s3:ListBucket", "list the items")
		}
		for _, o := range page.Contents {
			raw, err := json.Marshal(object{aws.ToString(o.ETag), aws.ToString(o.Key), aws.ToTime(o.LastModified).Unix(), aws.ToInt64(o.Size), string(o.StorageClass)})
			if err != nil {
				return nil, fault.New(fault.Internal, "an item can't be written: %w", err)
			}
			if items = append(items, raw); enough(items, most) {
				break
			}
			if size += len(raw); size > asl.MaxItems {
				return nil, fault.New(fault.TooLarge, "the list has more than %d bytes", asl.MaxItems)
			}
		}
	}
	return items, nil
}

func enough(items []json.RawMessage, most int) bool { return most > 0 && len(items) >= most }

// itemsOf reads items out of a file.
func itemsOf(text []byte, r asl.Reader) ([]json.RawMessage, error) {
	switch r.InputType {
	case "JSON":
		var items []json.RawMessage
		if err := json.Unmarshal(text, &items); err != nil || items == nil {
			return nil, fault.New(fault.Invalid, "the object is not a JSON list")
		}
		if r.MaxItems > 0 && len(items) > r.MaxItems {
			items = items[:r.MaxItems]
		}
		return items, nil
	case "JSONL":
		return linesOf(text, r.MaxItems)
	case "CSV":
		return rowsOf(text, r)
	default:
		return nil, fault.New(fault.Invalid, "items can't be read of the InputType %q", r.InputType)
	}
}

func linesOf(text []byte, most int) ([]json.RawMessage, error) {
	items := []json.RawMessage{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, asl.MaxItems)
	for n := 1; lines.Scan() && !enough(items, most); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, fault.New(fault.Invalid, "line %d is not JSON", n)
		}
		items = append(items, bytes.Clone(line))
	}
	return items, lines.Err()
}

// rowsOf reads CSV: an object a row, of texts by the names in the header.
func rowsOf(text []byte, r asl.Reader) ([]json.RawMessage, error) {
	rows := csv.NewReader(bytes.NewReader(text))
	rows.Comma = map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}[r.CSVDelimiter]
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	header := r.CSVHeaders
	items := []json.RawMessage{}
	for !enough(items, r.MaxItems) {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "the CSV can't be read: %w", err)
		}
		if header == nil {
			header = append([]string{}, row...)
			continue
		}
		item := make(map[string]string, len(header))
		for i, name := range header {
			if i < len(row) {
				item[name] = row[i]
			}
		}
		raw, err := json.Marshal(item)
		if err != nil {
			return nil, fault.New(fault.Internal, "an item can't be written: %w", err)
		}
		items = append(items, raw)
	}
	return items, nil
}
