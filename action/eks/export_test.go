package eks

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
)

// Raw makes a request to the Kubernetes API of a cluster, as kubectl would.
func Raw(ctx context.Context, cfg aws.Config, cluster, method, path, kind, body string) (string, error) {
	c, err := describe(ctx, cfg, cluster)
	if err != nil {
		return "", err
	}
	k, err := connect(ctx, cfg, c, time.Now)
	if err != nil {
		return "", err
	}
	defer k.close()
	req, err := http.NewRequestWithContext(ctx, method, k.endpoint+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	req.Header.Set("Content-Type", kind)
	answer, err := k.client.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode > 299 {
		err = fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, raw)
	}
	return string(raw), err
}

// AskAt asks for nodes where somebody else than the cluster is.
func AskAt(ctx context.Context, cfg aws.Config, cluster, endpoint string) error {
	c, err := describe(ctx, cfg, cluster)
	if err != nil {
		return err
	}
	c.Endpoint = &endpoint
	return ask(ctx, cfg, c)
}

// AskWithTokenOf shows a cluster the token for another one.
func AskWithTokenOf(ctx context.Context, cfg aws.Config, cluster, other string) error {
	c, err := describe(ctx, cfg, other)
	if err != nil {
		return err
	}
	c.Name = &cluster
	return ask(ctx, cfg, c)
}

func ask(ctx context.Context, cfg aws.Config, c *types.Cluster) error {
	k, err := connect(ctx, cfg, c, time.Now)
	if err != nil {
		return err
	}
	defer k.close()
	return k.do(ctx, "GetNode", object{Name: "any"}, nil, nil)
}
