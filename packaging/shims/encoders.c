/* Stands in for libx264 and libx265, which are under the GPL, and for SVT-AV1: Groundwork writes none of these formats.

   FFmpeg links them for its encoders alone; its decoders are its own and dav1d. Every call fails the way the
   encoders fail when they run out of memory, so opening one of them ends in an ordinary error. */
#include <stddef.h>

const void *const x264_levels[64] = {NULL};

#define FAILS(name)                                                                                                     \
    int name(void) { return -1; }
#define NOTHING(name)                                                                                                   \
    void *name(void) { return NULL; }

NOTHING(x264_encoder_open_165)
NOTHING(x264_encoder_close)
NOTHING(x264_param_cleanup)
NOTHING(x264_param_default)
NOTHING(x264_param_apply_fastfirstpass)
NOTHING(x264_picture_init)
NOTHING(svt_metadata_array_free)
FAILS(svt_add_metadata)
FAILS(svt_av1_enc_deinit)
FAILS(svt_av1_enc_deinit_handle)
FAILS(svt_av1_enc_get_packet)
FAILS(svt_av1_enc_get_stream_info)
FAILS(svt_av1_enc_init)
FAILS(svt_av1_enc_init_handle)
FAILS(svt_av1_enc_parse_parameter)
FAILS(svt_av1_enc_release_out_buffer)
FAILS(svt_av1_enc_send_picture)
FAILS(svt_av1_enc_set_parameter)
FAILS(svt_av1_enc_stream_header)
FAILS(svt_av1_enc_stream_header_release)
FAILS(x264_encoder_delayed_frames)
FAILS(x264_encoder_encode)
FAILS(x264_encoder_headers)
FAILS(x264_encoder_maximum_delayed_frames)
FAILS(x264_encoder_reconfig)
FAILS(x264_param_apply_profile)
FAILS(x264_param_default_preset)
FAILS(x264_param_parse)

/* FFmpeg asks this table for its first parameters, and gives up when there are none. */
static void *none(void) { return NULL; }
static void *(*const table[64])(void) = {[0 ... 63] = none};
const void *x265_api_get_216(void) { return table; }
