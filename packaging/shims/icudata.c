/* ICU's data under the name that ICU looks for, -DNAME="icudt73_dat"; FILE is what packaging/icu.py left of it. */
__asm__(".section .rodata\n"
        ".global " NAME "\n"
        ".type " NAME ", @object\n"
        ".balign 16\n" NAME ":\n"
        ".incbin \"" FILE "\"\n"
        ".size " NAME ", . - " NAME "\n"
        ".section .note.GNU-stack,\"\",@progbits\n");
