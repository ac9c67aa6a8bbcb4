package wire

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sort"
	"strings"
)

//go:generate go run riposte.dev/sandbox/gen -operations operations.txt -out models

//go:embed models/*.json
var modelFiles embed.FS

// Catalog holds the models of all services of the sandbox.
type Catalog struct {
	byService map[string]*Model
	byTarget  map[string]*Model // by JSON target prefix
	bySigning map[string]*Model
	routers   map[string]*router
}

// LoadCatalog reads the embedded models.
func LoadCatalog() (*Catalog, error) {
	names, err := fs.Glob(modelFiles, "models/*.json")
	if err != nil {
		return nil, fmt.Errorf("embedded API models: %w", err)
	}
	c := &Catalog{
		byService: map[string]*Model{}, byTarget: map[string]*Model{},
		bySigning: map[string]*Model{}, routers: map[string]*router{},
	}
	for _, name := range names {
		data, err := modelFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("embedded API model %s: %w", path.Base(name), err)
		}
		m, err := ParseModel(data)
		if err != nil {
			return nil, err
		}
		c.byService[m.Service] = m
		if sharing[m.Service] == nil {
			c.bySigning[m.SigningName()] = m
		}
		if m.Metadata.TargetPrefix != "" {
			c.byTarget[m.Metadata.TargetPrefix] = m
			// SDKs made from Smithy models send the service shape's bare name, without its namespace.
			c.byTarget[m.Metadata.TargetPrefix[strings.LastIndexByte(m.Metadata.TargetPrefix, '.')+1:]] = m
		}
		if p := m.Metadata.Protocol; p == RESTJSON || p == RESTXML {
			c.routers[m.Service] = newRouter(m)
		}
	}
	return c, nil
}

// sharing are the services that sign as an elder one does, with how their
// requests are told from that one's: S3's accounts by their paths and the
// account that each request names, HTTP and WebSocket APIs by their paths.
var sharing = map[string]func(*http.Request) bool{
	"s3control":    isControl,
	"apigatewayv2": func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v2/") },
}

func isControl(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v20180820/") && r.Header.Get("X-Amz-Account-Id") != ""
}

// Model is the model of a service by botocore's name of it, or nil.
func (c *Catalog) Model(service string) *Model { return c.byService[service] }

// Services lists botocore's names of the services, sorted.
func (c *Catalog) Services() []string {
	names := make([]string, 0, len(c.byService))
	for n := range c.byService {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
