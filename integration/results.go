package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Writer returns the call that writes a distributed Map's results to S3, files and manifest
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html). Files of the same effect have the same
// names, so writing them once more after a crash does no harm.
func (s *Set) Writer(w asl.Writer, results []asl.MapResult) playbook.Resource {
	return &writer{
		resource: &resource{caller: s.caller, operation: s.services["s3"].method("PutObject"), name: "s3:putObject", evidence: action.StateEvidence,
			errors: errorNames{"S3", "S3Exception"}},
		files: w.Files(results),
	}
}

type writer struct {
	*resource
	files []asl.ResultFile
}

// where are the bucket and the folder that the files come into.
func (w *writer) where(t playbook.TaskCall) (bucket, folder string, err error) {
	var in struct{ Bucket, Prefix string }
	dec := json.NewDecoder(bytes.NewReader(t.Arguments))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return "", "", fault.New(fault.Invalid, "ResultWriter takes Bucket and Prefix: %w", err)
	}
	if in.Bucket == "" {
		return "", "", fault.New(fault.Invalid, "ResultWriter needs a Bucket")
	}
	run := (&call{TaskCall: t}).id()
	return in.Bucket, strings.TrimPrefix(strings.TrimSuffix(in.Prefix, "/")+"/"+run, "/"), nil
}

// Plan names the bucket.
func (w *writer) Plan(ctx context.Context, t playbook.TaskCall) (playbook.Planned, error) {
	bucket, folder, err := w.where(t)
	if err != nil {
		return playbook.Planned{}, err
	}
	one := t
	if one.Arguments, err = json.Marshal(map[string]string{"Bucket": bucket, "Key": folder + "/manifest.json"}); err != nil {
		return playbook.Planned{}, fault.New(fault.Internal, "the parameters can't be written: %w", err)
	}
	return w.resource.Plan(ctx, one)
}

// Call writes the files, and the manifest last. Its errors are States.ResultWriterFailed.
func (w *writer) Call(ctx context.Context, t playbook.TaskCall) (json.RawMessage, error) {
	out, err := w.write(ctx, t)
	var known *Error
	switch {
	case err == nil || ctx.Err() != nil:
		return out, err
	case errors.As(err, &known):
		return nil, &Error{Name: asl.ErrResultWriterFailed, Cause: known.Name + ": " + known.Cause}
	default:
		return nil, err
	}
}

func (w *writer) write(ctx context.Context, t playbook.TaskCall) (json.RawMessage, error) {
	bucket, folder, err := w.where(t)
	if err != nil {
		return nil, err
	}
	one := t
	one.Arguments = json.RawMessage("{}")
	c, err := w.open(ctx, one)
	if err != nil {
		return nil, err
	}
	cfg, err := c.config(ctx)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })
	run := "riposte:execution:" + t.Execution + "/" + (&call{TaskCall: t}).id()
	manifest := asl.ResultFile{Name: "manifest.json", Body: asl.Manifest(bucket, folder, run, w.files)}
	for _, file := range append(w.files[:len(w.files):len(w.files)], manifest) {
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(folder + "/" + file.Name), Body: bytes.NewReader(file.Body),
			ContentType: aws.String("application/json")}); err != nil {
			return nil, fmt.Errorf("write %s: %w", file.Name, w.errors.of(ctx, err))
		}
	}
	return json.Marshal(map[string]any{"MapRunArn": run, "ResultWriterDetails": map[string]string{"Bucket": bucket, "Key": folder + "/manifest.json"}})
}

// Repeatable: the same files are written again.
func (w *writer) Repeatable(context.Context, playbook.TaskCall) bool { return true }
