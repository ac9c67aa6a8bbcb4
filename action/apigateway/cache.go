package apigateway

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// cache is what a stage keeps of its answers.
type cache struct {
	// Encrypted is whether what is kept for a method is, by the names of methods in stages; */* is all that have no settings of
	// their own.
	Encrypted map[string]bool `json:"encrypted"`
}

// NewEncryptCache returns the action apigateway.encrypt-cache.
func NewEncryptCache(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[stageParams, cache]{
		Spec: action.Spec{
			Name:  "apigateway.encrypt-cache",
			Title: "Encrypt what a stage of a REST API caches",
			Description: "Has API Gateway encrypt the answers that a stage's cache keeps, for all methods that are cached. What it keeps already leaves the " +
				"cache when its time is over, after an hour at most.",
			Parameters:  json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["stage"], "properties": {` + stageSchema + `}}`),
			Permissions: []string{get, patch}, Within: onStages(),
			Effect: action.StateChecked,
		},
		Find: findStage[stageParams],
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (cache, error) {
			out, err := readStage(ctx, cfg, r)
			if err != nil {
				return cache{}, err
			}
			now := cache{Encrypted: map[string]bool{}}
			for method, s := range out.MethodSettings {
				if out.CacheClusterEnabled && s.CachingEnabled {
					now.Encrypted[method] = s.CacheDataEncrypted
				}
			}
			return now, nil
		},
		Want: func(_ action.Resource, _ stageParams, now cache) (cache, string, error) {
			if len(now.Encrypted) == 0 {
				return now, "It caches nothing.", nil
			}
			want, plain := cache{Encrypted: map[string]bool{}}, []string(nil)
			for _, method := range slices.Sorted(maps.Keys(now.Encrypted)) {
				want.Encrypted[method] = true
				if !now.Encrypted[method] {
					plain = append(plain, strings.ReplaceAll(method, "~1", "/"))
				}
			}
			if plain == nil {
				return now, "What it caches is encrypted already.", nil
			}
			return want, "It caches answers unencrypted: those of " + strings.Join(plain, ", ") + ".", nil
		},
		Steps: func(r action.Resource, from, to cache) ([]setting.Step[cache], error) {
			var changes []types.PatchOperation
			for _, method := range slices.Sorted(maps.Keys(to.Encrypted)) {
				if to.Encrypted[method] != from.Encrypted[method] {
					changes = append(changes, replace("/"+method+"/caching/dataEncrypted", strconv.FormatBool(to.Encrypted[method])))
				}
			}
			return update(r, to, changes...), nil
		},
		Operations: stageOperations, Permission: permission,
	})
}
