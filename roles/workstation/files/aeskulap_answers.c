/* Debian 12's Aeskulap (0.2.2~beta2+git20190406) takes every image that it fetches and then answers the archive that it
 * could not (status A900): it tells dcmtk that its two buffers for UIDs hold 0 characters, finds both UIDs empty, and so
 * unlike those of the request. Orthanc ends a C-MOVE with the first such answer, so that of a series one image comes.
 * Loaded before dcmtk (LD_PRELOAD), this gives the buffers the size that they have: 65, dcmtk's DIC_UI. */
typedef unsigned long size;
extern void *dlsym(void *from, const char *name);

_Bool _Z35DU_findSOPClassAndInstanceInDataSetP7DcmItemPcmS1_mb(
    void *item, char *sop_class, size class_size, char *instance, size instance_size, _Bool padded)
{
    _Bool (*find)(void *, char *, size, char *, size, _Bool) =
        dlsym((void *)-1L, "_Z35DU_findSOPClassAndInstanceInDataSetP7DcmItemPcmS1_mb"); /* -1: RTLD_NEXT */
    return find(item, sop_class, class_size ? class_size : 65, instance, instance_size ? instance_size : 65, padded);
}
