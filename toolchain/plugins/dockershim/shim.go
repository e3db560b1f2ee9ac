// Package shim gives access to the upstream provider, which is an internal
// package: only a path below its own may import it.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider makes the upstream Docker provider.
func NewProvider() *schema.Provider {
	return provider.New("dev")()
}
